# SPDX-License-Identifier: GPL-2.0
"""scripts/check-static reports what a tool says of the stack's files and did not
say before, and scripts/check-bisect the patch with which it begins. Compilers and
checkers are played; the long tests have the real ones."""

import re
from pathlib import Path

import pytest
from conftest import TOP, load_script, refused, run

pytestmark = [pytest.mark.stack, pytest.mark.proof]

# In place of scripts/kobjects: what make says lies in the tree, for each
# configuration; and a target's object comes into being.
KOBJECTS = """\
#!/bin/bash
while [ $# -gt 0 ]; do
	case $1 in
	--tree) tree=$2; shift ;;
	--output) out=$2; shift ;;
	--clang) ;;
	*) break ;;
	esac
	shift
done
name=$1; shift
[ "$1" != prepare ] || exit 0
mkdir -p "$out"
for f in arch/x86/kernel/setup arch/x86/mach-xen/setup; do
	mkdir -p "$out/$(dirname $f)"; [ -e "$tree/no-$(basename $f)" ] || : >"$out/$f.o"
done
echo "  CC      arch/x86/kernel/setup.o"
cat "$tree/says" "$tree/says-$name" 2>/dev/null
grep -q "line 20 of setup.c, hooked" "$tree/arch/x86/kernel/setup.c" && cat "$tree/hooked" 2>/dev/null
[ ! -e "$tree/fails-$name" ]
"""
OLD = "../linux/drivers/xen/features.c:5:2: warning: unused variable [-Wunused]\n"
MOVED = "../linux/drivers/xen/core/features.c:9:2: warning: unused variable [-Wunused]\n"
ADDED = "../linux/arch/x86/mach-xen/setup.c:1:5: warning: symbol 'one' was not declared.\n"
OTHER = "../linux/kernel/fork.c:1:5: warning: not ours\n"


@pytest.fixture
def trees(playground):
    """The playground with both trees and played tools."""
    patched = playground.make_tree()
    result = playground.run("tree", "--unpatched")
    assert result.returncode == 0, result.stderr
    unpatched = playground.build / "orig/linux"
    # setup.c of mach-xen is the one file the real TARGETS would compile.
    for tree in (patched, unpatched):
        (tree / "says").write_text("")
        playground.write(tree / "scripts/kernel-doc", "")
        playground.write(tree / "scripts/coccinelle/api/rule.cocci", "virtual report\n")
    playground.write(playground.repo / "scripts/kobjects", KOBJECTS)
    bin = playground.build / "bin"
    playground.write(bin / "spatch", "#!/bin/sh\ncat cocci-says 2>/dev/null\nexit 0\n")
    for path in (playground.repo / "scripts/kobjects", bin / "spatch"):
        path.chmod(0o755)
    return patched, unpatched


def plays_boot(playground, says, status=0):
    """scripts/boot of a guest that says this and ends so."""
    path = playground.repo / "scripts/boot"
    playground.write(path, f"#!/bin/sh\ncat >/dev/null\necho '{says}'\nexit {status}\n")
    path.chmod(0o755)


def check(playground, *tools):
    path = f"{playground.build / 'bin'}:/usr/bin:/bin:/usr/sbin:/sbin"
    script = playground.repo / "scripts/check-static"
    # No package is installed for what is played.
    script.write_text(script.read_text().replace("    need([p for", "    0 and need([p for"))
    return playground.run("check-static", *tools, env={"PATH": path, "LINUX": None})


def says(tree, text, name="says"):
    """From now on; a log that is kept is of no use then."""
    (tree / name).write_text(text)
    for stamp in (tree.parent / "static", tree.parent.parent / "static"):
        for file in stamp.glob("*.stamp"):
            file.unlink()


def test_only_what_is_new_and_ours(playground, trees):
    patched, unpatched = trees
    says(unpatched, OLD)
    says(patched, MOVED + OTHER)
    result = check(playground, "gcc")
    # features.c and nothing else has no object in any configuration.
    assert result.returncode == 1
    assert "core/features.c" not in result.stdout.replace(
        "drivers/xen/core/features.c: no configuration compiles it", "")

    says(patched, MOVED + OTHER + ADDED)
    result = check(playground, "gcc")
    assert "arch/x86/mach-xen/setup.c: gcc: warning: symbol 'one' was not declared." in result.stdout
    assert "fork.c" not in result.stdout

    says(unpatched, "")
    result = check(playground, "gcc")
    assert "drivers/xen/core/features.c: gcc: warning: unused variable" in result.stdout


def test_one_configuration_is_enough(playground, trees):
    says(trees[0], ADDED, "says-arm64")
    assert "symbol 'one'" in check(playground, "gcc").stdout


def test_a_file_nobody_compiles(playground, trees):
    says(trees[0], "", "no-setup")
    assert "arch/x86/mach-xen/setup.c: no configuration compiles it" in (
        check(playground, "gcc").stdout)


def test_waivers(playground, trees):
    waivers = playground.repo / "scripts/static-waivers"
    says(trees[0], ADDED)
    waivers.write_text("# why\narch/x86/mach-xen/* | clang | symbol 'one' | it is a test\n")
    result = check(playground, "clang")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "1 waivers" in result.stdout
    says(trees[0], "")
    result = check(playground, "clang")
    assert result.returncode == 1
    assert "nothing needs the waiver" in result.stdout
    waivers.write_text("* | clang | no reason\n")
    refused(check(playground, "clang"), "GLOB | TOOL | MESSAGE | reason")


def test_kernel_doc_and_coccinelle(playground, trees):
    patched, unpatched = trees
    line = "arch/x86/kernel/setup.c:3: warning: No description found for x\n"
    says(patched, f"print '{line}';", "scripts/kernel-doc")
    assert "setup.c: kernel-doc: warning: No description" in check(playground, "kernel-doc").stdout
    says(unpatched, f"print '{line}';".replace(":3:", ":1:"), "scripts/kernel-doc")
    assert check(playground, "kernel-doc").returncode == 0
    says(patched, "die 'no perl'", "scripts/kernel-doc")
    refused(check(playground, "kernel-doc"), "kernel-doc failed", "no perl")

    says(patched, "arch/x86/mach-xen/setup.c:3:1-4: WARNING: use ARRAY_SIZE\n", "cocci-says")
    result = check(playground, "cocci")
    assert "mach-xen/setup.c: cocci: WARNING: use ARRAY_SIZE [api/rule]" in result.stdout


def test_a_build_that_fails(playground, trees):
    says(trees[0], "make[3]: *** [x] Error 1\n")
    says(trees[0], "", "fails-x86_64")
    result = check(playground, "gcc")
    assert result.returncode == 1
    assert "make failed for patched-x86_64: make[3]: *** [x] Error 1" in result.stderr
    refused(check(playground, "lint"), "unknown tool lint")


def test_bisect(playground, trees):
    """A warning, an error, and the patch each comes with."""
    (playground.repo / "Documentation").mkdir()
    plays_boot(playground, "up 42")
    result = playground.run("check-bisect")
    assert result.returncode == 0, result.stdout + result.stderr
    lines = [n for n in result.stdout.splitlines() if n.startswith("check-bisect: ")]
    assert lines[0] == "check-bisect: 0/3 before: native 1, pae 1, x86_64 1, arm64 1"
    assert lines[1] == "check-bisect: 1/3 0001-hook.patch: native 1, pae 1, x86_64 1"
    assert lines[2] == "check-bisect: 2/3 0002-move.patch: x86_64 1, arm64 1"
    assert lines[3].endswith("0003-add.patch: native 1, pae 1, x86_64 1, mach-xen 1, boot yes")
    assert lines[4] == "check-bisect: 3 patches, each builds and adds no warning; a guest booted 1 times"
    text = (playground.repo / "Documentation/check-bisect.rst").read_text()
    assert "Linux 6.12.99" in text and "0002-move.patch" in text
    assert re.search("0003-add.patch .* yes$", text, re.M)

    tree = playground.build / "bisect/linux"
    (tree / "hooked").write_text("../linux/arch/x86/kernel/setup.c:20:1: warning: hooked\n")
    result = playground.run("check-bisect", "--only", "pae")
    assert result.returncode == 1
    assert "0001-hook.patch: pae: arch/x86/kernel/setup.c: warning: hooked\n" in result.stdout
    assert "0003-add.patch: pae: " not in result.stdout, "said twice"

    (tree / "hooked").unlink()
    (tree / "fails-mach-xen").write_text("")
    result = playground.run("check-bisect", "--from", "0003")
    assert "0003-add.patch: mach-xen: make ended with 1" in result.stdout
    assert "1/1" in result.stdout
    refused(playground.run("check-bisect", "--to", "00"), "00 names 3 patches")


@pytest.mark.parametrize("says, status", [("echo up $((6 * 7))", 0), ("up 42", 1)])
def test_bisect_boots(playground, trees, says, status):
    """A guest that has no shell, and one that does not end well."""
    plays_boot(playground, says, status)
    result = playground.run("check-bisect", "--from", "0003")
    assert result.returncode == 1
    assert "0003-add.patch: mach-xen: no guest of it boots" in result.stdout
    result = playground.run("check-bisect", "--from", "0003", "--no-boot")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "a guest booted 0 times" in result.stdout


def test_bisect_names():
    """What a patch can affect, of the real stack."""
    bisect = load_script("check-bisect")
    patches = bisect.stack.stack()

    def of(number):
        (name,) = [n for n in patches if Path(n).name.startswith(number)]
        return bisect.configurations(patches[name], TOP)

    assert of("0034") == ["native", "pae", "x86_64"]
    assert of("0050") == ["x86_64", "arm64"]
    assert of("0063") == of("0064") == []


@pytest.mark.long
def test_nothing_new():
    """All tools on the real trees."""
    result = run("make", "check-static", cwd=TOP)
    print(result.stdout)
    assert result.returncode == 0, result.stdout + result.stderr
