# SPDX-License-Identifier: GPL-2.0
"""make deb: the packages of our kernel, beside those of Debian's."""

import shutil
import struct
import subprocess

import pytest
from conftest import BUILD, BUILT, TOP, run, stack
from debianlab import release

pytestmark = pytest.mark.devices

FIELDS = ("Package", "Version", "Architecture", "Source")


def output(*command, **keywords):
    result = run(*command, **keywords)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def debs():
    """{package: file}"""
    return {
        output("dpkg-deb", "-f", deb, "Package").strip(): deb
        for deb in (BUILT / "deb").glob("*.deb")
    }


@pytest.fixture(scope="module")
def unpacked(debs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("debs")
    for deb in debs.values():
        output("dpkg-deb", "-x", deb, folder)
    return folder


def test_names(debs):
    """Two packages, whose names carry the whole release: no linux-libc-dev, and
    none that apt could take for another kernel's."""
    assert release().endswith("-mach-xen")
    assert set(debs) == {f"linux-image-{release()}", f"linux-headers-{release()}"}


def test_fields(debs):
    for name, deb in debs.items():
        said = [output("dpkg-deb", "-f", deb, field).strip() for field in FIELDS]
        version = release().split("-")[0]
        assert said == [name, f"{version}-1", "i386", "linux-mach-xen"]


def test_not_debians(debs):
    """Debian's own lists for i386 know neither package, nor the source."""
    apt = ("apt-cache", "-c", BUILD / "apt/i386/apt.conf")
    known = set(output(*apt, "pkgnames").split())
    assert "linux-libc-dev" in known, "no lists; this would find nothing"
    assert not known & set(debs)
    assert "linux-mach-xen" not in known


def test_files_are_the_releases(unpacked):
    """Nothing but documentation is at a path that another kernel's package could
    have: the others carry the release."""
    shared = [
        str(path.relative_to(unpacked))
        for path in unpacked.rglob("*")
        if not path.is_dir() and release() not in str(path.relative_to(unpacked))
    ]
    assert not shared


def test_same_kernel(unpacked):
    """Packing has not built another one."""
    packed = unpacked / f"boot/vmlinuz-{release()}"
    assert packed.read_bytes() == (BUILT / "kernel/arch/x86/boot/bzImage").read_bytes()


def test_modules(unpacked):
    """Every module that was configured is there, and is for this release."""
    folder = unpacked / "lib/modules" / release()
    modules = {path.name: path for path in folder.rglob("*.ko")}
    order = (BUILT / "kernel/modules.order").read_text().split()
    assert order
    assert set(modules) == {path.rsplit("/", 1)[1].replace(".o", ".ko") for path in order}
    magic = output("modinfo", "-F", "vermagic", modules["dummy.ko"])
    assert magic.startswith(f"{release()} ")
    assert " 686 " in magic.strip() + " ", magic


def test_programs_of_the_headers_run_on_i386(unpacked):
    """What builds modules there is a 32-bit program, for the guest to run."""
    scripts = unpacked / f"usr/src/linux-headers-{release()}/scripts"
    for name in "mod/modpost", "basic/fixdep":
        head = (scripts / name).read_bytes()[:20]
        assert head[:5] == b"\x7fELF\x01", f"{name} is no 32-bit ELF file"
        assert struct.unpack_from("<H", head, 18)[0] == 3, f"{name} is not for i386"


def test_headers_build_a_module(unpacked, tmp_path):
    """A module built with the headers alone has our kernel's version magic."""
    headers = unpacked / f"usr/src/linux-headers-{release()}"
    (tmp_path / "Kbuild").write_text("obj-m := hello.o\n")
    (tmp_path / "hello.c").write_text(
        '#include <linux/module.h>\nMODULE_DESCRIPTION("A test");\nMODULE_LICENSE("GPL");\n'
        "int init_module(void)\n{\n\tpr_info(\"hello\\n\");\n\treturn 0;\n}\n"
    )
    # Whether or not this machine's kernel runs i386 programs.
    output("bash", "-c", f". {TOP}/scripts/common.sh; . {TOP}/scripts/i386-programs.sh;"
           f' need_i386_programs; make -C "{headers}" M="{tmp_path}" ARCH=i386 modules',
           env={"BUILD": str(BUILD)})
    magic = output("modinfo", "-F", "vermagic", tmp_path / "hello.ko")
    ours = BUILT / "kernel/drivers/net/dummy.ko"
    assert magic == output("modinfo", "-F", "vermagic", ours)


def test_fresh():
    """Called again, nothing is built."""
    before = {p: p.stat().st_mtime_ns for p in (BUILT / "deb").iterdir()}
    said = output(TOP / "scripts/deb", env={"BUILD": str(BUILD)}, keep=stack.CHOICES)
    assert "are fresh" in said
    assert before == {p: p.stat().st_mtime_ns for p in (BUILT / "deb").iterdir()}


def test_image_wants_root():
    if not shutil.which("setpriv"):
        pytest.fail("no setpriv; install util-linux")
    result = subprocess.run(
        ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups",
         TOP / "scripts/image"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False,
    )
    assert result.returncode == 1
    assert "run make image as root" in result.stderr
    assert len(result.stderr.splitlines()) == 1
