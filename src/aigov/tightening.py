"""What an organisation profile makes of the rules: tighter, and for a time less."""

from datetime import date, timedelta

from aigov.findings import Enforcement
from aigov.policies import Code, Policy, RampIn
from aigov.rules import Rules, named_codes, read_by_blocking
from aigov.settings import Profile, Tightening

MAX_RAMP_IN_DAYS = 366
"""From the last review of a profile; a rule of the project: what has no end is no ramp."""


def tighten(rules: Rules, profile: Profile) -> Rules:
    """Return `rules` with the enforcement and thresholds that `profile` tightens, and with the
    days until which it lets a policy do less.

    Raises:
        ProfileError: an unknown policy or param, or a loosening; has its place.
    """
    named, policies, codes = rules.named(), dict(rules.policies), dict(rules.codes)
    other = named_codes(rules.codes)
    asked_as: dict[str, str] = {}
    for name, asked in profile.policies.items():
        code = named[name].code if name in named else other.get(name)
        if code is None:
            raise profile.error(asked.pointer, f"no policy {name}")
        if code in asked_as:  # by code and by id: the second would undo the first
            problem = f"{name} and {asked_as[code]} are the same policy; write one of them"
            raise profile.error(asked.pointer, problem)
        asked_as[code] = name
        if code in policies:
            policies[code] = _tightened(policies[code], asked, profile)
        else:
            codes[code] = _tightened_code(code, codes[code], asked, profile)
    pointers = read_by_blocking(policies)
    return rules._replace(policies=policies, codes=codes, read_by_blocking=pointers)


def _tightened_code(code: str, given: Code, asked: Tightening, profile: Profile) -> Code:
    wanted = asked.enforcement or given.enforcement
    for name in asked.params:
        raise profile.error(f"{asked.pointer}/params/{name}", f"{code} has no param {name}")
    if asked.until or wanted.rank < given.enforcement.rank:
        problem = f"{code} may only be tightened: block, and no date"
        raise profile.error(asked.pointer, problem)
    return given._replace(enforcement=wanted)


def _ramp_in(policy: Policy, asked: Tightening, wanted: Enforcement, profile: Profile) -> RampIn:
    """Return the time in which a failure does less: from the profile's last review on, and no
    longer than a year, so that whoever wants more has to look at it again."""
    first = profile.reviewed_on
    if policy.waivable is None:
        problem = f"{policy.code} cannot be waived, and so not be {wanted} for a while"
        raise profile.error(f"{asked.pointer}/enforcement", problem)
    last = date.fromisoformat(str(asked.until))
    if not first or last - date.fromisoformat(first) > timedelta(MAX_RAMP_IN_DAYS):
        problem = f"until is at most {MAX_RAMP_IN_DAYS} days after metadata.reviewed_on"
        raise profile.error(f"{asked.pointer}/until", problem)
    return RampIn(wanted, first, str(last), str(last + timedelta(1)))


def _tightened(policy: Policy, asked: Tightening, profile: Profile) -> Policy:
    enforcement, soften, ramp_in = policy.enforcement, policy.soften, None
    wanted = asked.enforcement
    lower = wanted and any(wanted.rank < given.rank for given in enforcement.values())
    if wanted and lower and asked.until:
        ramp_in = _ramp_in(policy, asked, wanted, profile)
    elif lower:
        problem = f"{policy.code} may only be tightened, not made {wanted}; or write until when"
        raise profile.error(f"{asked.pointer}/enforcement", problem)
    elif asked.until:
        problem = "until goes with an enforcement below the policy's own"
        raise profile.error(f"{asked.pointer}/until", problem)
    elif wanted:
        enforcement = dict.fromkeys(enforcement, wanted)
        # what the profile asks for holds for every failure, a softened one too
        soften = tuple((when, max(to, wanted, key=lambda one: one.rank)) for when, to in soften)
    params = dict(policy.params)
    for name, number in asked.params.items():
        pointer = f"{asked.pointer}/params/{name}"
        if name not in params:
            raise profile.error(pointer, f"{policy.code} has no param {name}")
        if number < 0:
            raise profile.error(pointer, f"{name} may not be negative")
        given = params[name]
        loosened = max(given.values()) if name.startswith("max_") else min(given.values())
        if number > loosened if name.startswith("max_") else number < loosened:
            raise profile.error(pointer, f"{name} may only be tightened: {loosened:g} is the limit")
        stricter = min if name.startswith("max_") else max
        params[name] = {tier: stricter(one, number) for tier, one in given.items()}
    return policy._replace(enforcement=enforcement, soften=soften, params=params, ramp_in=ramp_in)
