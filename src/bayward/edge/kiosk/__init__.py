"""The kiosk: a local web page on loopback, trusted by nobody; see `app` and `places`."""
