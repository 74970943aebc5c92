"""The verifiers that go with every pack: files for people who have nothing of ours.

`verify.py` needs Python 3.8 and nothing else; `verify.html` needs a browser and no network.
Nothing here is imported by the rest: they are shipped as they are, and tested against it.
"""
