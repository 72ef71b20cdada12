# SPDX-License-Identifier: GPL-2.0
"""The source folders and the patches agree, and scripts/refresh keeps it so."""

import shutil
import subprocess

import pytest
from conftest import TOP, refused, run, snapshot

pytestmark = pytest.mark.stack


def test_sources_and_patches_agree():
    result = run(TOP / "scripts/refresh", "--check")
    assert result.returncode == 0, result.stderr


def test_a_modified_source_is_noticed(tmp_path):
    """The real folders and patches, one line more in one file."""
    for name in (
        "scripts",
        "patches",
        "arch-i386-mach-xen",
        "include-asm-i386-mach-xen",
        "drivers-xen-core",
        "Documentation",
    ):
        if (TOP / name).is_dir():
            shutil.copytree(TOP / name, tmp_path / name)
    for series in TOP.glob("series*"):
        shutil.copy(series, tmp_path)
    source = next(p for p in sorted((tmp_path / "arch-i386-mach-xen").rglob("*.c")))
    source.write_text(source.read_text() + "/* one line more */\n")
    result = run(tmp_path / "scripts/refresh", "--check")
    assert result.returncode == 1
    assert str(source.relative_to(tmp_path)) in result.stderr


def test_refresh_writes_what_git_and_patch_take(playground, tmp_path):
    result = {}
    for name, command in {
        "git": ["git", "apply"],
        "patch": ["patch", "-p1", "-F0", "-s", "-i"],
    }.items():
        shutil.copytree(playground.linux, tmp_path / name)
        for patch in sorted((playground.repo / "patches").glob("*.patch")):
            subprocess.run([*command, patch], cwd=tmp_path / name, check=True)
        result[name] = snapshot(tmp_path / name)
    assert result["git"] == result["patch"]
    assert result["git"]["arch/x86/mach-xen/setup.c"] == b"int one;\nint two;\n"
    assert b"mach-xen/Kconfig" in result["git"]["arch/x86/Kconfig"]


def test_refresh_keeps_message_and_hook(playground):
    patch = playground.repo / "patches/0003-add.patch"
    first = patch.read_text()
    assert first.startswith("From: A Tester <tester@localhost>\nSubject: x86: mach-xen\n\nWhat it is.\n---\n")
    assert '+source "arch/x86/mach-xen/Kconfig"' in first
    assert " 4 files changed, 6 insertions(+)\n" in first
    playground.refresh()
    assert patch.read_text() == first


def test_refresh_begins_a_patch_from_its_message(playground):
    playground.write(playground.repo / "drivers-xen-core/evtchn.c", "int evtchn;\n")
    playground.write(playground.repo / "patches/0004-core.patch", "Subject: xen: core\n\nWhy.\n")
    with open(playground.repo / "series", "a") as series:
        series.write("0004-core.patch\n")
    with open(playground.repo / "patches/added-files", "a") as manifest:
        manifest.write("0004-core.patch: drivers-xen-core/evtchn.c\n")
    playground.refresh()
    text = (playground.repo / "patches/0004-core.patch").read_text()
    assert text == (
        "Subject: xen: core\n\nWhy.\n---\n"
        " drivers/xen/core/evtchn.c | 1 +\n 1 file changed, 1 insertion(+)\n\n"
        "diff --git a/drivers/xen/core/evtchn.c b/drivers/xen/core/evtchn.c\n"
        "new file mode 100644\n--- /dev/null\n+++ b/drivers/xen/core/evtchn.c\n"
        "@@ -0,0 +1 @@\n+int evtchn;\n"
    )


@pytest.mark.parametrize("args", [(), ("--check",)])
def test_refresh_refuses(playground, args):
    def says(*words):
        before = snapshot(playground.repo / "patches")
        refused(playground.run("refresh", *args), *words)
        assert snapshot(playground.repo / "patches") == before

    stray = playground.repo / "arch-i386-mach-xen/stray.c"
    stray.write_text("int stray;\n")
    says("arch-i386-mach-xen/stray.c is in no patch")
    stray.unlink()

    setup = playground.repo / "arch-i386-mach-xen/setup.c"
    text = setup.read_text()
    setup.write_text("no newline")
    says("arch-i386-mach-xen/setup.c", "newline")
    setup.unlink()
    says("no file arch-i386-mach-xen/setup.c")
    setup.write_text(text)

    extra = playground.repo / "patches/0009-extra.patch"
    extra.write_text("Subject: extra\n")
    says("0009-extra.patch is not in the series")
    extra.unlink()

    series = playground.repo / "series"
    text = series.read_text()
    series.write_text(text + "0010-gone.patch\n")
    says("0010-gone.patch")
    series.write_text(text)
    assert playground.run("refresh", *args).returncode == 0


def test_a_later_patch_cannot_change_an_added_file(playground):
    hook = playground.repo / "patches/0001-hook.patch"
    hook.write_text(hook.read_text().replace("arch/x86/kernel/setup.c", "arch/x86/mach-xen/setup.c"))
    refused(playground.run("refresh"), "0001-hook.patch changes arch/x86/mach-xen/setup.c")
