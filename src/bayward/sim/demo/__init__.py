"""The demo: the whole product on one machine around a simulated wall."""
