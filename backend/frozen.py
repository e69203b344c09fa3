"""`dataclass(frozen=True, slots=True)` as Python has it, made in a third of the time: a start makes a hundred of them.

Python compiles seven methods for each class, one by one. Here one is compiled, for it is what decides how fast objects
are made; the others are the same for all classes.
"""

from typing import TYPE_CHECKING

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    import dataclasses
    from operator import attrgetter

    def dataclass(*, frozen, slots):
        """Make the decorator; it can do nothing else than what its two arguments say."""
        if not (frozen and slots):
            raise TypeError("only frozen classes with slots are made here")
        return _made

    def _made(kind):
        kind = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True)(kind)
        fields = dataclasses.fields(kind)
        compared = attrgetter(*[field.name for field in fields if field.compare])
        kind.__init__ = _initialiser(kind, fields)
        kind.__eq__ = _equality(compared)
        kind.__hash__ = lambda self: hash(compared(self))
        kind.__repr__ = _repr
        kind.__setattr__ = kind.__delattr__ = _refuse
        kind.__reduce__ = _reduce
        return kind

    def _initialiser(kind, fields):
        """Compile the one method that is worth it; a slot is set past the refusal to set anything."""
        known = {"MISSING": dataclasses.MISSING}
        parameters, body = ["self"], []
        for field in fields:
            name = field.name
            known[f"set_{name}"] = getattr(kind, name).__set__
            value = name
            if field.default_factory is not dataclasses.MISSING:
                known[f"new_{name}"] = field.default_factory
                parameters.append(f"{name}=MISSING")
                value = f"new_{name}() if {name} is MISSING else {name}"
            elif field.default is not dataclasses.MISSING:
                known[f"default_{name}"] = field.default
                parameters.append(f"{name}=default_{name}")
            else:
                parameters.append(name)
            body.append(f"  set_{name}(self, {value})")
        exec(f"def __init__({', '.join(parameters)}):\n" + ("\n".join(body) or "  pass"), known)  # noqa: S102
        return known["__init__"]

    def _equality(compared):
        def equal(self, other):
            return compared(self) == compared(other) if other.__class__ is self.__class__ else NotImplemented

        return equal

    def _repr(self):
        told = ", ".join(f"{field.name}={getattr(self, field.name)!r}" for field in dataclasses.fields(self))
        return f"{type(self).__qualname__}({told})"

    def _refuse(_self, name, *_value):
        raise dataclasses.FrozenInstanceError(f"cannot change field {name!r}")

    def _reduce(self):
        return type(self), tuple(getattr(self, field.name) for field in dataclasses.fields(self))
