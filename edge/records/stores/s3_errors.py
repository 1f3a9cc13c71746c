"""What an object store said, as one of our errors: whose fault it is, and what to do about it.

401, 403, no such bucket, wrong region, no conditions    LocalError: somebody has to mend it
no answer, 5xx, TLS, a clock that is off                 LinkError: it passes, try again
"""

import re
from datetime import datetime

from edge.errors import EdgeError, LinkError, LocalError, printable

_SKEW = "RequestTimeTooSkewed"
_RIGHTS = "s3:GetObject, s3:PutObject, s3:DeleteObject and s3:ListBucket"
_KEYS = "check access_key_id and secret_access_key"
_TOKEN = "the session token is over or wrong: get new credentials"
_REGION = "set region to the one of the bucket: {message}"
# What to do about the codes of S3's errors that do not pass by themselves.
_LOCAL = {
    "AccessDenied": "these credentials may not do that; they need " + _RIGHTS,
    "AllAccessDisabled": "the account of the bucket is closed",
    "AuthorizationHeaderMalformed": _REGION,
    "ExpiredToken": _TOKEN,
    "InvalidAccessKeyId": "nobody there has this access key: " + _KEYS,
    "InvalidBucketName": "that is no name of a bucket",
    "InvalidToken": _TOKEN,
    "MethodNotAllowed": "the endpoint is no S3, or only a part of it",
    "NoSuchBucket": "there is no such bucket: create it, or correct its name",
    "NotImplemented": "this server cannot write on a condition (If-Match, If-None-Match), "
    "without which two nodes overwrite each other: take a newer one",
    "PermanentRedirect": _REGION,
    "SignatureDoesNotMatch": "the secret does not belong to the access key: " + _KEYS,
    "XAdminUserNotFound": "nobody there has this access key: " + _KEYS,
}
_TLS = (
    ("CertExpired", "its certificate has expired, or this machine's clock is ahead"),
    ("CertNotYetValid", "its certificate is not valid yet: this machine's clock is behind"),
    ("NotValidYet", "its certificate is not valid yet: this machine's clock is behind"),
    ("Expired", "its certificate has expired, or this machine's clock is ahead"),
    ("NotValidForName", "its certificate is for another name: correct the endpoint"),
    ("UnknownIssuer", "nobody known vouches for its certificate: set root_certificate to its CA's"),
    ("CaUsedAsEndEntity", "its certificate is a CA's own: give it one that this CA has signed"),
    ("InvalidCertificate", "its certificate is not accepted"),
    ("InvalidContentType", "it speaks no TLS: the endpoint may begin with http://"),
)
_NETWORK = (
    ("dns error", "the name of the endpoint cannot be found: is there a network?"),
    ("Connection refused", "nobody listens there: check the endpoint"),
    ("IncompleteMessage", "it hung up instead of an answer; does it want https:// ?"),
    ("ConnectionReset", "it hung up instead of an answer"),
    ("unreachable", "there is no way to it: is there a network?"),
    ("TimedOut", "it took too long"),
    ("timed out", "it took too long"),
)


def code_of(error: BaseException) -> str:
    """S3's name of what went wrong, or ""."""
    return _field("Code", str(error))


def translate(error: BaseException, doing: str, now_unix_ms: int) -> EdgeError:
    """``error`` of the client while ``doing`` something, as a LinkError or LocalError."""
    text = str(error)
    code = _field("Code", text)
    message = printable(_field("Message", text) or _status(text), 200)
    start = "s3: cannot {}: ".format(doing)
    if code == _SKEW:
        return LinkError(start + _skew(text, now_unix_ms))
    if code in _LOCAL:
        return LocalError(start + _LOCAL[code].format(message=message))
    if "169.254." in text and not code:  # where a cloud's own machines get theirs
        return LocalError(start + "there are no credentials: set access_key_id, secret_access_key")
    if _status(text).startswith(("401", "403")):
        return LocalError(start + _LOCAL["AccessDenied"])
    if code or _status(text):
        return LinkError("{}the server says {} {}".format(start, printable(code), message))
    return LinkError(start + _advice(text))


def _skew(text: str, now_unix_ms: int) -> str:
    """How far this machine's clock is off, by the time in the server's answer."""
    advice = "set it, for example by NTP; what waits is sent then"
    try:
        server = datetime.fromisoformat(_field("ServerTime", text)).timestamp()
    except ValueError:
        return "this machine's clock is off by more than the server allows: " + advice
    off = round(now_unix_ms / 1000 - server)
    where = "ahead of" if off > 0 else "behind"
    return "this machine's clock is {} s {} the server's: {}".format(abs(off), where, advice)


def _advice(text: str) -> str:
    tables = [*_TLS, *_NETWORK] if "https://" in text else _NETWORK
    for mark, advice in tables:
        if mark in text:
            return advice
    return printable(text.split("\n", 1)[0], 200)


def _field(name: str, text: str) -> str:
    found = re.search("<{0}>([^<]*)</{0}>".format(name), text)
    return found.group(1) if found else ""


def _status(text: str) -> str:
    found = re.search("status code: ([0-9]{3}[^:\n]*)", text)
    return found.group(1) if found else ""
