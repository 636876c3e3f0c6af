"""The vendor, played: POST /v1/responses and GET /v1/models, with content made from the facts it was given.

Switches:
    content   "refuse": answers with a refusal. "incomplete": stops in mid-sentence. "filtered": stops by the content
              filter. "malformed": completed, but the text is half a JSON document. "stray": JSON outside the schema.
    key       "revoked": no key is accepted. "narrow": the key lacks the right.
    quota     "exhausted": 429 for want of money. "rate": 429 for too many calls, with Retry-After.
    latency   seconds of thinking per answer (default "0.15").

Any bearer key that begins with "sk-" is accepted. What was written is not kept, only that it was.
"""

from arumaldo_openai.sandbox.api import OpenAiSandbox

__all__ = ["OpenAiSandbox"]
