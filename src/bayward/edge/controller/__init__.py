"""The pure controller of a bank: inputs in, events and effects out."""

from bayward.edge.controller.controller import Controller
from bayward.edge.controller.step import (
    Codes,
    CommandReceived,
    Desk,
    DoorRead,
    Effect,
    Ids,
    Input,
    Letter,
    Report,
    Resolve,
    Settings,
    Siren,
    Step,
    Tick,
    Unlock,
    UnlockEnded,
)

__all__ = [
    "Codes",
    "CommandReceived",
    "Controller",
    "Desk",
    "DoorRead",
    "Effect",
    "Ids",
    "Input",
    "Letter",
    "Report",
    "Resolve",
    "Settings",
    "Siren",
    "Step",
    "Tick",
    "Unlock",
    "UnlockEnded",
]
