"""From file, profile and options to one `Config`, or to all that is wrong with them."""

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from backend.config import checks
from backend.config.document import Document, find, read
from backend.config.layer import Entry, Layer, LayerReader
from backend.config.model import (
    DEFAULT_LINKS,
    DEFAULT_PEOPLE,
    DEFAULT_PROVIDERS,
    Config,
    Provider,
    Setting,
    default_intervals,
    default_state_dir,
)
from backend.config.values import LISTS, OPEN_TABLES, SECTIONS, TOP_LEVEL, WrongValue, convert, kinds, unknown
from backend.errors import ConfigError, Problem

PROFILE_KEYS = ("profile", "profiles")
NO_OVERRIDES: Mapping[str, object] = MappingProxyType({})


def load(
    path: Path | None,
    profile: str | None,
    *,
    environ: Mapping[str, str] = os.environ,
    overrides: Mapping[str, object] = NO_OVERRIDES,
) -> Config:
    """The effective configuration: default < base section < profile < option.

    `overrides` are options of the command line: `read_only`, or any `section.key`. Raises `ConfigError` with every
    problem of the file at once; profiles that are not used are checked as well.
    """
    document = read(find(path, environ))
    complaints = _Complaints(document)
    base = LayerReader(document, None, complaints.add).read(document.tables, ignored=PROFILE_KEYS)
    profiles = _profiles(document, complaints)
    chosen = _chosen(document, profile, profiles, complaints)
    layer = {**base, **profiles.get(chosen, {}), **_options(overrides, complaints)}
    _tell_origins(layer, document, path, profile)
    _check_together(layer, complaints)
    complaints.raise_any()
    return _config(layer, chosen, document.path, environ)


def settings(config: Config) -> tuple[Setting, ...]:
    """All keys with their effective values and origins, in the order of the file."""
    top = ("profile", "path", "state_dir", "lock_dir", "read_only")
    found = [(key, getattr(config, key)) for key in top]
    for section, kind in SECTIONS.items():
        table = getattr(config, section)
        found += [(f"{section}.{key}", getattr(table, key)) for key in kinds(kind)]
    found += [(key, getattr(config, key)) for key in LISTS]
    for name in OPEN_TABLES:
        found += [(f"{name}.{key}", value) for key, value in getattr(config, name).items()]
    return tuple(Setting(key, value, config.origin(key)) for key, value in found)


class _Complaints:
    """Collects what is wrong, to be told in the order of the lines."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._found: list[tuple[int, Problem]] = []

    def add(self, line: int, sentence: str) -> None:
        self._found.append((line, Problem(self._document.place(line), sentence)))

    def add_option(self, option: str, sentence: str) -> None:
        self._found.append((0, Problem(option, sentence)))

    def raise_any(self) -> None:
        if self._found:
            raise ConfigError(tuple(problem for _, problem in sorted(self._found, key=lambda found: found[0])))


def _profiles(document: Document, complaints: _Complaints) -> dict[str, Layer]:
    tables = document.tables.get("profiles", {})
    if not isinstance(tables, dict):
        complaints.add(document.line(("profiles",)), "profiles: is a table: write [profiles.NAME.section]")
        return {}
    layers: dict[str, Layer] = {}
    for name, content in tables.items():
        line = document.line(("profiles", name))
        if said := checks.name(name):
            complaints.add(line, f"profiles: a profile's name {said}")
        elif not isinstance(content, dict):
            complaints.add(line, f"profiles.{name}: is a table: write [profiles.{name}.section]")
        else:
            layers[name] = LayerReader(document, name, complaints.add).read(content)
    return layers


def _chosen(document: Document, asked: str | None, profiles: Mapping[str, Layer], complaints: _Complaints) -> str:
    named = document.tables.get("profile", "default") if asked is None else asked
    if named == "default" or (isinstance(named, str) and named in profiles):
        return str(named)
    if not isinstance(named, str):
        complaints.add(document.line(("profile",)), "profile: the name of a profile expected")
        return "default"
    known = ", ".join(["default", *(name for name in profiles if name != "default")])
    if asked is None:
        complaints.add(document.line(("profile",)), f"profile: no such profile; there are: {known}")
    else:
        complaints.add_option("option --profile", f"no profile {asked!a}; there are: {known}")
    return "default"


def _tell_origins(layer: Layer, document: Document, path: Path | None, profile: str | None) -> None:
    """Where the choice of file and profile came from."""
    if document.path is not None:
        named = "option --config" if path is not None else "the environment, or the usual place"
        layer["path"] = Entry(document.path, 0, named)
    if profile is not None:
        layer["profile"] = Entry(profile, 0, "option --profile")
    elif "profile" in document.tables:
        line = document.line(("profile",))
        layer["profile"] = Entry(document.tables["profile"], line, document.place(line))


def _options(overrides: Mapping[str, object], complaints: _Complaints) -> Layer:
    layer: Layer = {}
    for key, value in overrides.items():
        option = f"option --{key.replace('_', '-').replace('.', '-')}"
        section, _, name = key.partition(".")
        known = kinds(SECTIONS[section]) if section in SECTIONS else {}
        kind = TOP_LEVEL.get(key) or known.get(name)
        if key == "read_only" and isinstance(value, bool):
            layer[key] = Entry(value, 0, option)
        elif kind is None:
            complaints.add_option(option, unknown(name or key, known or TOP_LEVEL))
        else:
            plain = str(value) if isinstance(value, Path) else value
            try:
                layer[key] = Entry(convert(plain, kind), 0, option)
            except WrongValue as wrong:
                complaints.add_option(option, str(wrong))
    return layer


def _check_together(layer: Layer, complaints: _Complaints) -> None:
    """What no single value can show."""
    command, variable = layer.get("api.token_command"), layer.get("api.token_env")
    if command and variable and command.value and variable.value:
        complaints.add(command.line, "api.token_command: api.token_env is set too; use one of them")
    providers: tuple[Provider, ...] = layer["providers"].value if "providers" in layer else DEFAULT_PROVIDERS
    known = {f"intervals.providers.{provider.name}" for provider in providers}
    for key, entry in layer.items():
        if key.startswith("intervals.providers.") and key not in known:
            complaints.add(entry.line, f"{key}: there is no provider of that name")


def _config(layer: Layer, profile: str, path: Path | None, environ: Mapping[str, str]) -> Config:
    values: dict[str, Any] = {key: layer[key].value for key in (*TOP_LEVEL, *LISTS, "read_only") if key in layer}
    values.setdefault("state_dir", default_state_dir(environ))
    for section, kind in SECTIONS.items():
        values[section] = kind(**_below(layer, section))
    intervals = default_intervals(values.get("providers", DEFAULT_PROVIDERS))
    return Config(
        profile=profile,
        path=path,
        intervals=MappingProxyType(intervals | _below(layer, "intervals")),
        people=MappingProxyType(dict(DEFAULT_PEOPLE) | _below(layer, "people")),
        links=MappingProxyType(dict(DEFAULT_LINKS) | _below(layer, "links")),
        origins=MappingProxyType({key: entry.origin for key, entry in layer.items()}),
        **values,
    )


def _below(layer: Layer, table: str) -> dict[str, Any]:
    return {key.removeprefix(f"{table}."): entry.value for key, entry in layer.items() if key.startswith(f"{table}.")}
