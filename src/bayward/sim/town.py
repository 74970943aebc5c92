"""Founds a town: a control plane, its banks and its people, from a plan."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from random import Random

from bayward.core.clock import MINUTE_MS
from bayward.core.ids import BankId
from bayward.edge import settings
from bayward.edge.settings import BankSettings
from bayward.sim.bank import Made, SimBank
from bayward.sim.cloud import HOUSE, SimCloud
from bayward.sim.counter import Counter
from bayward.sim.couriers import Courier
from bayward.sim.desk import Desk
from bayward.sim.lobby import Lobby
from bayward.sim.locks import Steel
from bayward.sim.mirror import Mirror
from bayward.sim.network import Line, Network
from bayward.sim.office import Office
from bayward.sim.people import Resident, Town
from bayward.sim.plan import Plan
from bayward.sim.plane import Plane
from bayward.sim.post import PostOffice
from bayward.sim.register import (
    ADMINISTRATOR,
    BANKS,
    COURIERS,
    RESIDENTS,
    Register,
    address_of,
    register,
)
from bayward.sim.staff import Administrator
from bayward.sim.steel import bank_toml, build
from bayward.sim.world import World

PRESENCE_MS = 10 * MINUTE_MS  # an idle kiosk of a simulated world need not tick twice a minute
COURIERS_COME_MS = MINUTE_MS


@dataclass(slots=True)
class Founded:
    """A town with everybody in it."""

    world: World
    plan: Plan
    network: Network
    post: PostOffice
    cloud: Plane
    town: Town
    admin: Administrator
    residents: list[Resident]
    couriers: list[Courier]

    @property
    def banks(self) -> list[SimBank]:
        """All of them."""
        return [lobby.bank for lobby in self.town.lobbies.values()]

    def begin(self) -> None:
        """Switch the banks on, admit the couriers, and let everybody go about his day."""
        for bank in self.banks:
            bank.power_on()
        for courier in self.couriers:
            self.world.after(COURIERS_COME_MS, "ada", partial(self.admin.admit, courier))
            self.world.spawn(courier.name, courier.rounds(self.residents))
        self.world.spawn("ada", self.admin.rounds())

    def close(self) -> None:
        """Let go of databases and loops."""
        self.cloud.stop()


def found(world: World, plan: Plan) -> Founded:
    """Build everything; nobody has come yet, and nothing is switched on but the cloud."""
    known = register()
    network, post = Network(world), PostOffice(world)
    banks = {name: _bank(world, network, known, name, plan) for name in BANKS[: plan.banks]}
    cloud, desk = _cloud(world, network, post, banks, is_whole=plan.is_whole)
    for name, bank in banks.items():
        cloud.devices[name] = known.banks[name].device
        bank.log_keys = cloud.log_keys(known.tenant)
    lobbies = {name: Lobby(bank, is_crowded=plan.is_crowded) for name, bank in banks.items()}
    town = Town(world, desk, lobbies, plan.manners)
    lots = world.stream("people")
    admin_id = known.people[ADMINISTRATOR]
    admin = Administrator(town, ADMINISTRATOR, admin_id, Random(lots.getrandbits(64)))
    residents = [
        Resident(town, name, known.people[name], Random(lots.getrandbits(64)))
        for name in RESIDENTS[: plan.residents]
    ]
    couriers = [
        Courier(town, name, known.people[name], Random(lots.getrandbits(64)))
        for name in COURIERS[: plan.couriers]
    ]
    readers: list[Administrator | Resident | Courier] = [admin, *residents, *couriers]
    for one in readers:
        post.people[address_of(one.name)] = one.read
    return Founded(world, plan, network, post, cloud, town, admin, residents, couriers)


def _cloud(
    world: World,
    network: Network,
    post: PostOffice,
    banks: dict[str, SimBank],
    *,
    is_whole: bool,
) -> tuple[Plane, Desk]:
    known = register()
    actor = known.people[ADMINISTRATOR]
    if is_whole:
        cloud = SimCloud(world, network, post, known.database, known.keyring)
        return cloud, Office(cloud, known.tenant, actor)
    layouts = {name: bank.made.settings.layout for name, bank in banks.items()}
    mirror = Mirror(world, network, post, known, layouts)
    return mirror, Counter(mirror, actor)


def _bank(world: World, network: Network, known: Register, name: str, plan: Plan) -> SimBank:
    chance = world.stream(f"steel/{name}")
    enrolled = known.banks[name]
    network.lines[name] = Line()
    made = Made(
        name=name,
        bank=enrolled.bank,
        settings=_settings(enrolled.bank, name, chance, plan),
        signer=enrolled.signer,
        bank_key=chance.randbytes(32),
        drift_ppm=chance.randint(-plan.drift_ppm, plan.drift_ppm),
    )
    steel = Steel(world, name, made.settings.layout, world.stream(f"doors/{name}"))
    bank = SimBank(world, network, made, steel)
    bank.uplink.linger_ms = plan.linger_ms
    return bank


def _settings(bank: BankId, name: str, chance: Random, plan: Plan) -> BankSettings:
    """A technician's file, read as any bank reads its own."""
    text = bank_toml(
        build(chance, plan.columns, modes=plan.modes),
        bank=bank,
        name=name,
        site="Lobby",
        deployment=HOUSE,
        port_url="socket://127.0.0.1:1",
        kiosk_port=8080,
    )
    read = settings.parse(text, name)
    layout = tuple(replace(one, has_occupancy_sensor=plan.has_sensors) for one in read.layout)
    times = replace(read.controller, presence_ms=PRESENCE_MS, code_life_ms=plan.code_life_ms)
    return replace(read, layout=layout, controller=times)
