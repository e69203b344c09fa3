"""Whose word counts at an address."""

import ssl


def trust_for(url: str) -> ssl.SSLContext:
    """Whom to trust there. To read the list of authorities takes 20 ms and 2 MB; without any it is nobody."""
    return ssl.create_default_context() if url.startswith("https") else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
