"""Billing's objects as the vendor shows them: short in lists, whole by their id."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from arumaldo_zoho.sandbox.billing_book import Row, precision
from arumaldo_zoho.sandbox.billing_terms import balance, paid
from arumaldo_zoho.sandbox.billing_wire import day, moment

_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}
Form = dict[str, Any]


def customer_row(row: Row) -> Form:
    names = ("display_name", "salutation", "first_name", "last_name", "email", "company_name", "phone", "mobile")
    return {
        "customer_id": row["id"],
        **{name: row[name] for name in names},
        "website": row["website"],
        "currency_code": row["currency_code"],
        "unused_credits": 0,
        "outstanding": 0,
        "updated_time": moment(row["created"]),
        "created_time": moment(row["created"]),
    }


def customer_form(row: Row) -> Form:
    return {
        **customer_row(row),
        "notes": row["notes"],
        "billing_address": row["billing_address"],
        "shipping_address": row["shipping_address"],
        "price_precision": precision(row["currency_code"]),
        "payment_terms_label": row["payment_terms_label"],
        "is_portal_enabled": row["is_portal_enabled"],
        "status": "active",
        "source": "api",
        "custom_fields": [],
    }


def product_form(row: Row) -> Form:
    names = ("name", "description", "email_ids", "redirect_url", "status")
    return {
        "product_id": row["id"],
        **{name: row[name] for name in names},
        "created_time": moment(row["created"]),
        "updated_time": moment(row["created"]),
    }


def plan_form(row: Row) -> Form:
    names = ("name", "description", "status", "product_id", "interval", "interval_unit", "billing_cycles")
    return {
        "plan_code": row["id"],
        **{name: row[name] for name in names},
        "recurring_price": Decimal(row["recurring_price"]),
        "trial_period": row["trial_period"],
        "setup_fee": 0,
        "tax_id": row["tax_id"] or "",
        "created_time": moment(row["created"]),
        "updated_time": moment(row["created"]),
    }


def subscription_row(row: Row, customer: Row) -> Form:
    return {
        "customer_id": row["customer_id"],
        "customer_name": customer["display_name"],
        "email": customer["email"],
        "plan_name": row["plan_name"],
        **_subscription(row),
    }


def subscription_form(row: Row, customer: Row) -> Form:
    names = ("display_name", "first_name", "last_name", "email", "company_name")
    return {
        **_subscription(row),
        "child_invoice_id": row["invoice_id"],
        "end_of_term": False,
        "product_id": row["product_id"],
        "product_name": row["product_name"],
        "plan": {
            "plan_code": row["plan_code"],
            "name": row["plan_name"],
            "quantity": row["quantity"],
            "price": Decimal(row["price"]),
            "discount": 0,
            "total": Decimal(row["price"]) * row["quantity"],
            "setup_fee": 0,
            "plan_description": row["plan_description"],
            "tax_id": row["tax_id"] or "",
            "trial_days": 0,
        },
        "addons": [],
        "payment_terms": row["payment_terms"],
        "payment_terms_label": "Due On Receipt",
        "customer": {"customer_id": customer["id"], **{name: customer[name] for name in names}},
        "custom_fields": [],
        "contactpersons": [],
        "notes": [],
    }


def _subscription(row: Row) -> Form:
    ended = row["status"] in ("cancelled", "expired")
    return {
        "subscription_id": row["id"],
        "name": f"{row['product_name']}-{row['plan_name']}",
        "status": row["status"],
        "amount": Decimal(row["price"]) * row["quantity"],
        "created_at": row["began"],
        "activated_at": row["began"],
        "current_term_starts_at": row["current_start"],
        "current_term_ends_at": row["current_end"],
        "last_billing_at": row["current_start"],
        "next_billing_at": "" if ended or row["status"] == "non_renewing" else row["current_end"],
        "expires_at": "",
        # A string here, and a number in a plan: as the vendor describes it.
        "interval": str(row["interval"]),
        "interval_unit": row["interval_unit"],
        "auto_collect": False,
        "created_time": moment(row["created"]),
        "updated_time": moment(row["updated"]),
        "reference_id": row["reference_id"],
        "currency_code": row["currency_code"],
        "currency_symbol": _SIGNS.get(row["currency_code"], row["currency_code"]),
    }


def invoice_row(row: Row, customer: Row, today: str) -> Form:
    return {
        "invoice_id": row["id"],
        "number": row["number"],
        "status": _status(row, today),
        "invoice_date": row["day"],
        "due_date": row["day"],
        "customer_id": row["customer_id"],
        "customer_name": customer["display_name"],
        "email": customer["email"],
        "balance": balance(row),
        "total": Decimal(row["total"]),
        "currency_code": row["currency_code"],
        "currency_symbol": _SIGNS.get(row["currency_code"], row["currency_code"]),
        "created_time": moment(row["created"]),
        "updated_time": moment(row["updated"]),
    }


def invoice_form(row: Row, customer: Row, payments: list[tuple[Row, Decimal]], today: str, style: str) -> Form:
    """`style` "long": with the names of fields that the sister products have; "text": amounts as text;
    "kept": a void one still shows its balance."""
    line = row["line"]
    form = {
        **invoice_row(row, customer, today),
        "transaction_type": row["kind"],
        "invoice_items": [
            {
                "item_id": row["id"],
                "product_id": line["product_id"],
                "name": line["name"],
                "description": line["description"],
                "code": line["code"],
                "price": line["price"],
                "quantity": line["quantity"],
                "discount_amount": 0,
                "item_total": Decimal(line["item_total"]),
                "tax_id": line["tax_id"],
            }
        ],
        "coupons": [],
        "credits": [],
        "payment_made": paid(row),
        "credits_applied": 0,
        "write_off_amount": 0,
        "payments": [_payment_on(payment, amount) for payment, amount in payments],
        "billing_address": _short_address(customer["billing_address"]),
        "comments": [],
        "custom_fields": [],
    }
    if style == "long":
        form["invoice_number"] = form.pop("number")
        form["date"] = form.pop("invoice_date")
    if style == "kept" and row["status"] == "void":
        form["balance"] = form["total"]
    if style == "text":
        form |= {name: f"{form[name]}" for name in ("total", "balance", "payment_made")}
    return form


def payment_form(row: Row, customer: Row, invoices: list[tuple[Row, Decimal]]) -> Form:
    names = ("payment_mode", "date", "reference_number", "description", "customer_id", "currency_code")
    return {
        "payment_id": row["id"],
        **{name: row[name] for name in names},
        "amount": Decimal(row["amount"]),
        "amount_refunded": 0,
        "bank_charges": 0,
        "status": "success",
        "customer_name": customer["display_name"],
        "email": customer["email"],
        "invoices": [
            {
                "invoice_id": invoice["id"],
                "invoice_number": invoice["number"],
                "date": invoice["day"],
                "invoice_amount": Decimal(invoice["total"]),
                "amount_applied": amount,
                "balance_amount": balance(invoice),
            }
            for invoice, amount in invoices
        ],
        "currency_symbol": _SIGNS.get(row["currency_code"], row["currency_code"]),
        "custom_fields": [],
    }


def organization_form(number: str, currency: str, now: float) -> Form:
    return {
        "organization_id": number,
        "name": "Sandbox",
        "is_default_org": True,
        "currency_code": currency,
        "price_precision": precision(currency),
        "time_zone": "UTC",
        "account_created_date": day(now),
    }


def _payment_on(row: Row, amount: Decimal) -> Form:
    names = ("payment_mode", "description", "date", "reference_number")
    return {
        "payment_id": row["id"],
        **{name: row[name] for name in names},
        "invoice_payment_id": f"{row['id']}1",
        "amount_refunded": 0,
        "gateway_transaction_id": "",
        "amount": amount,
        "bank_charges": 0,
        "exchange_rate": 1,
    }


def _short_address(address: Form) -> Form:
    return {name: address[name] for name in ("city", "state", "zip", "country", "fax")}


def _status(row: Row, today: str) -> str:
    late = row["status"] == "sent" and row["day"] < today
    return "overdue" if late else str(row["status"])
