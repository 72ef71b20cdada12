# SPDX-License-Identifier: GPL-2.0
"""scripts/kernel and its progress, with a Makefile that plays the kernel's."""

import pytest
from conftest import TOP, run

pytestmark = pytest.mark.stack

MAKEFILE = """\
VERSION = 6
PATCHLEVEL = 12
SUBLEVEL = 99

BZ = $(O)/arch/x86/boot/bzImage
defconfig:
\tcp arch/x86/configs/xen_defconfig $(O)/.config
i386_defconfig:
\tcp arch/x86/configs/i386_defconfig $(O)/.config
olddefconfig prepare mrproper modules:
bzImage: $(BZ)
$(BZ): $(O)/one.o $(O)/two.o
\t@mkdir -p $(@D); cat $^ $(O)/.config >$@; echo $(SUBARCH) $(KBUILD_BUILD_TIMESTAMP) >>$@
$(O)/%.o: %.c
\t@echo '  CC      $*.o'; grep -H error: $< && exit 1; cp $< $@
"""
GOOD = "CONFIG_X86_32=y\nCONFIG_X86_MACH_XEN=y\nCONFIG_X86_PAE=y\nCONFIG_XEN=y\nCONFIG_HVC_XEN=y\n"
MERGE = '#!/bin/sh\ncat "$5" >>"$4"\n'


@pytest.fixture
def buildable(playground):
    playground.write(playground.linux / "Makefile", MAKEFILE)
    playground.write(playground.linux / "one.c", "one\n")
    playground.write(playground.linux / "two.c", "two\n")
    playground.write(playground.linux / "arch/x86/configs/i386_defconfig", "CONFIG_X86_32=y\n")
    merge = playground.linux / "scripts/kconfig/merge_config.sh"
    playground.write(merge, MERGE)
    merge.chmod(0o755)
    (playground.repo / "arch-i386-mach-xen/xen_defconfig").write_text(GOOD)
    playground.refresh()
    return playground


def kernel(playground, *args, **keywords):
    result = playground.run("kernel", *args, **keywords)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def image(playground, name="kernel"):
    return playground.build / name / "arch/x86/boot/bzImage"


def test_builds_and_finds_it_fresh(buildable):
    kernel(buildable)
    assert image(buildable).read_text() == f"one\ntwo\n{GOOD}xen 2025-01-01\n"
    assert "  CC      two.o" in (buildable.build / "logs/kernel.log").read_text()
    assert "kernel is fresh" in kernel(buildable)


def test_variables_of_our_make_do_not_reach_the_kernels(buildable):
    kernel(buildable, env={"MAKEFLAGS": "n -- SUBARCH=other"})
    assert "xen 2025" in image(buildable).read_text()


def test_an_edit_in_the_tree_is_built(buildable):
    kernel(buildable)
    (buildable.tree / "one.c").write_text("one more\n")
    assert "is fresh" not in kernel(buildable).replace("linux is fresh", "")
    assert "one more" in image(buildable).read_text()


def test_native_has_no_subarchitecture(buildable):
    kernel(buildable, "--native")
    assert "xen 2025" not in image(buildable, "native").read_text()
    assert buildable.tree.exists()
    kernel(buildable, "--native-orig")
    assert not (buildable.build / "orig/linux/.pc").exists()


def test_a_failure_shows_the_error(buildable):
    buildable.write(buildable.linux / "one.c", "error: no such thing\n")
    result = buildable.run("kernel")
    assert result.returncode == 1
    lines = result.stderr.splitlines()
    assert "error: no such thing" in lines[0]
    assert "the build of kernel failed" in lines[-1]
    assert not (buildable.build / "kernel.stamp").exists()


def test_fragments(buildable, tmp_path):
    fragment = tmp_path / "debug.config"
    fragment.write_text("CONFIG_DEBUG=y\n")
    kernel(buildable, "--config", fragment)
    assert "CONFIG_DEBUG=y" in image(buildable, "kernel-debug").read_text()

    # One that does not come through.
    (buildable.tree / "scripts/kconfig/merge_config.sh").write_text("#!/bin/sh\n")
    fragment.write_text("CONFIG_DEBUG=y\nCONFIG_LOST=y\n")
    result = buildable.run("kernel", "--config", fragment)
    assert result.returncode == 1
    assert "CONFIG_DEBUG=y" in result.stderr


def test_a_default_configuration_without_xen(buildable):
    (buildable.repo / "arch-i386-mach-xen/xen_defconfig").write_text(
        GOOD.replace("CONFIG_XEN=y\n", "")
    )
    buildable.refresh()
    result = buildable.run("kernel")
    assert result.returncode == 1
    assert "lacks CONFIG_XEN=y" in result.stderr


def test_a_users_configuration(buildable, tmp_path):
    config = tmp_path / "my.config"
    config.write_text(GOOD + "CONFIG_MINE=y\n")
    kernel(buildable, env={"CONFIG": str(config)})
    assert "CONFIG_MINE=y" in image(buildable).read_text()
    # A change by hand stays until the origin changes.
    with open(buildable.build / "kernel/.config", "a") as file:
        file.write("CONFIG_BY_HAND=y\n")
    (buildable.tree / "one.c").write_text("one more\n")
    kernel(buildable, env={"CONFIG": str(config)})
    assert "CONFIG_BY_HAND=y" in image(buildable).read_text()


def test_progress_off_a_terminal():
    script = "for n in 1 2 3; do echo '  CC      a.o'; echo other; done"
    result = run(
        "bash",
        "-c",
        f"({script}) | {TOP}/scripts/progress.py --label L --unit objects "
        "--total 3 --pattern '^  CC ' --every 0",
    )
    assert result.stdout.splitlines()[0] == "L: 1 of 3 objects"
    assert result.stdout.splitlines()[-1] == "L: 3 of 3 objects"


def test_the_cache_knows_what_assembly_includes(tmp_path):
    """The kernel in a bzImage, for one: an .incbin of the decompressor's."""
    source, included, made = (tmp_path / name for name in ("piggy.S", "kernel.gz", "piggy.o"))
    source.write_text(f'.incbin "{included}"\n')
    environment = {"CCACHE_DIR": tmp_path / "cache", "CCACHE_DEPEND": "1"}
    found = []
    for text in "old", "new":
        included.write_text(text)
        result = run(TOP / "scripts/cached-cc", "gcc", "-MD", "-c", source, "-o", made,
                     env=environment)
        assert result.returncode == 0, result.stderr
        found.append(text.encode() in made.read_bytes())
    assert found == [True, True]
