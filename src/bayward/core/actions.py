"""What somebody can ask for: the rows of the policy, closed like the vocabulary of the log."""

from __future__ import annotations

from enum import StrEnum


class Action(StrEnum):
    """Everything a face can ask for; each route of the web declares one."""

    # One's own session.
    SESSION_READ = "session.read"
    SESSION_REVOKE = "session.revoke"
    STEP_UP = "session.step_up"
    # A resident and his parcels.
    PASS_LIST = "pass.list"  # noqa: S105 - the pass of a parcel, not a password
    PASS_READ = "pass.read"  # noqa: S105 - as above
    GRANT_OPEN = "grant.open"
    RECEIPT_READ = "receipt.read"
    # A courier at the wall.
    COMPARTMENT_DEPOSIT = "compartment.deposit"
    # The wall and what happened at it.
    WALL_READ = "wall.read"
    PARCEL_READ = "parcel.read"
    ITEM_READ = "item.read"
    ITEM_REGISTER = "item.register"
    CUSTODY_OFFER = "custody.offer"
    CUSTODY_GIVE_OUT = "custody.give_out"
    CUSTODY_WITHDRAW = "custody.withdraw"
    CUSTODY_ACCEPT = "custody.accept"
    CUSTODY_REFUSE = "custody.refuse"
    CUSTODY_WITNESS = "custody.witness"
    CUSTODY_RETURN = "custody.return"
    CUSTODY_TAKE = "custody.take"
    SEAL_CHECK = "seal.check"
    GRANT_REVOKE = "grant.revoke"
    CODE_ROTATE = "code.rotate"
    COMPARTMENT_BLOCK = "compartment.block"
    COMPARTMENT_RESTORE = "compartment.restore"
    APPROVAL_READ = "approval.read"
    APPROVAL_ASK = "approval.ask"
    APPROVAL_GIVE = "approval.give"
    APPROVAL_REFUSE = "approval.refuse"
    INCIDENT_READ = "incident.read"
    INCIDENT_ACKNOWLEDGE = "incident.acknowledge"
    INCIDENT_CLOSE = "incident.close"
    LOCKDOWN_ENGAGE = "lockdown.engage"
    LOCKDOWN_RELEASE = "lockdown.release"
    # People.
    PERSON_READ = "person.read"
    PERSON_INVITE = "person.invite"
    PERSON_CHANGE = "person.change"
    PERSON_DISABLE = "person.disable"
    ROLE_GRANT = "role.grant"
    ROLE_REVOKE = "role.revoke"
    COURIER_READ = "courier.read"
    COURIER_ADMIT = "courier.admit"
    COURIER_DISMISS = "courier.dismiss"
    # What may be forgotten, and what must not.
    PERSON_REPORT = "person.report"
    PERSON_ERASE = "person.erase"
    PARTY_READ = "party.read"
    PARTY_ERASE = "party.erase"
    PRIVACY_READ = "privacy.read"
    HOLD_PLACE = "hold.place"
    HOLD_LIFT = "hold.lift"
    KEYS_ROLL = "keys.roll"
    # Sites, banks and what leaves the house.
    BANK_READ = "bank.read"
    BANK_CREATE = "bank.create"
    BANK_ENROL = "bank.enrol"
    BANK_REVOKE = "bank.revoke"
    LOG_READ = "log.read"
    LOG_VERIFY = "log.verify"
    LOG_EXPORT = "log.export"
    WEBHOOK_READ = "webhook.read"
    WEBHOOK_CREATE = "webhook.create"
    WEBHOOK_DELETE = "webhook.delete"
    WEBHOOK_RETRY = "webhook.retry"
    NOTIFICATION_READ = "notification.read"
    NOTIFICATION_RETRY = "notification.retry"
    SETTINGS_READ = "settings.read"
    SETTINGS_CHANGE = "settings.change"
    # The platform.
    TENANT_READ = "tenant.read"
    TENANT_CREATE = "tenant.create"
