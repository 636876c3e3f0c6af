"""The requests that this sandbox plays, each with its elements in order."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from arumaldo_authorizenet.sandbox.schema import Field, Group, Moment, NotPlayed, Number, Text, texts

_DIGITS = Text(pattern="[0-9]+")
_TRUTH = Text(pattern="true|false|1|0")
_NOT_PLAYED = NotPlayed()

_AUTHENTICATION = Group(
    (
        Field("name", Text(25)),
        Field("transactionKey", Text(16, private=True), required=True, choice="key"),
        Field("clientKey", Text(private=True), required=True, choice="key"),
        Field("mobileDeviceId", Text(60)),
    )
)
_HEAD = (
    Field("merchantAuthentication", _AUTHENTICATION, required=True),
    Field("clientId", Text(30)),
    Field("refId", Text(20)),
)

_PAYMENT = Group(
    (
        Field(
            "creditCard",
            Group(
                (
                    Field("cardNumber", Text(16, 4, private=True), required=True),
                    Field("expirationDate", Text(7, 4, private=True), required=True),
                    Field("cardCode", Text(4, 3, "[0-9]+", private=True)),
                )
            ),
            required=True,
            choice="payment",
        ),
        Field(
            "opaqueData",
            Group(
                (
                    Field("dataDescriptor", Text(), required=True),
                    Field("dataValue", Text(private=True), required=True),
                    Field("dataKey", Text(private=True)),
                    Field("expirationTimeStamp", Moment()),
                )
            ),
            required=True,
            choice="payment",
        ),
        Field("dataSource", Text()),
    )
)
_NAME_AND_ADDRESS = texts(
    {
        "firstName": 50,
        "lastName": 50,
        "company": 50,
        "address": 60,
        "city": 40,
        "state": 40,
        "zip": 20,
        "country": 60,
    }
)
_SETTINGS = Group((Field("setting", Group(texts({"settingName": None, "settingValue": None})), many=True),))
_USER_FIELDS = Group((Field("userField", Group(texts({"name": None, "value": None})), many=True),))
_ORDER = Group(
    (
        *texts({"invoiceNumber": 20, "description": 255}),
        Field("discountAmount", Number()),
        Field("taxIsAfterDiscount", _TRUTH),
        *texts({"totalTaxTypeCode": 3, "purchaserVATRegistrationNumber": 21, "merchantVATRegistrationNumber": 21}),
        *texts({"vatInvoiceReferenceNumber": 15, "purchaserCode": 17, "summaryCommodityCode": 4}),
    )
)
_CUSTOMER = Group(
    (
        Field("type", Text(pattern="individual|business")),
        *texts({"id": 20, "email": 255}),
        Field("driversLicense", _NOT_PLAYED),
        Field("taxId", Text(9, 8, private=True)),
    )
)
_TRANSACTION = Group(
    (
        Field("transactionType", Text(), required=True),
        Field("amount", Number()),
        Field("currencyCode", Text()),
        Field("payment", _PAYMENT),
        Field("profile", _NOT_PLAYED),
        Field("solution", _NOT_PLAYED),
        *texts({"callId": None, "terminalNumber": None, "authCode": None, "refTransId": None, "splitTenderId": None}),
        Field("order", _ORDER),
        Field("lineItems", _NOT_PLAYED),
        Field("tax", _NOT_PLAYED),
        Field("duty", _NOT_PLAYED),
        Field("shipping", _NOT_PLAYED),
        Field("taxExempt", _TRUTH),
        Field("poNumber", Text()),
        Field("customer", _CUSTOMER),
        Field("billTo", Group((*_NAME_AND_ADDRESS, *texts({"phoneNumber": 25, "faxNumber": 25, "email": None})))),
        Field("shipTo", Group(_NAME_AND_ADDRESS)),
        Field("customerIP", Text()),
        Field("cardholderAuthentication", _NOT_PLAYED),
        Field("retail", _NOT_PLAYED),
        Field("employeeId", Text()),
        Field("transactionSettings", _SETTINGS),
        Field("userFields", _USER_FIELDS),
        Field("surcharge", _NOT_PLAYED),
        Field("merchantDescriptor", Text()),
        Field("subMerchant", _NOT_PLAYED),
        Field("tip", _NOT_PLAYED),
        Field("processingOptions", _NOT_PLAYED),
        Field("subsequentAuthInformation", _NOT_PLAYED),
        Field("otherTax", _NOT_PLAYED),
        Field("shipFrom", _NOT_PLAYED),
        Field("authorizationIndicatorType", _NOT_PLAYED),
    )
)
_SORTING = Field(
    "sorting",
    Group(
        (
            Field("orderBy", Text(pattern="id|submitTimeUTC"), required=True),
            Field("orderDescending", _TRUTH, required=True),
        )
    ),
)
_PAGING = Field(
    "paging",
    Group(
        (
            Field("limit", Number(1, 1000, whole=True), required=True),
            Field("offset", Number(1, 100000, whole=True), required=True),
        )
    ),
)
_CONTAINER = Group(
    (
        Field("type", Text(pattern="TOKEN|PAN"), required=True),
        Field("id", Text(64, 1), required=True),
        Field(
            "token",
            Group(
                (
                    Field("cardNumber", Text(16, 4, "[0-9]+", private=True), required=True),
                    Field("expirationDate", Text(7, 4, private=True), required=True),
                    Field("cardCode", Text(4, 3, "[0-9]+", private=True)),
                    Field("zip", Text(20, 1)),
                    Field("fullName", Text(64, 1)),
                )
            ),
            required=True,
        ),
    )
)

CALLS: Mapping[str, Group] = MappingProxyType(
    {
        "authenticateTestRequest": Group(_HEAD),
        "getMerchantDetailsRequest": Group(_HEAD),
        "createTransactionRequest": Group((*_HEAD, Field("transactionRequest", _TRANSACTION, required=True))),
        "getTransactionDetailsRequest": Group((*_HEAD, Field("transId", _DIGITS, required=True))),
        "getUnsettledTransactionListRequest": Group(
            (*_HEAD, Field("status", Text(pattern="any|pendingApproval")), _SORTING, _PAGING)
        ),
        "getSettledBatchListRequest": Group(
            (
                *_HEAD,
                Field("includeStatistics", _TRUTH),
                Field("firstSettlementDate", Moment()),
                Field("lastSettlementDate", Moment()),
            )
        ),
        "getTransactionListRequest": Group((*_HEAD, Field("batchId", _DIGITS), _SORTING, _PAGING)),
        "securePaymentContainerRequest": Group((*_HEAD, Field("data", _CONTAINER, required=True))),
    }
)
