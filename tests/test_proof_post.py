# SPDX-License-Identifier: GPL-2.0
"""scripts/post: git takes the mails it writes, they are complete, and what it
cannot write honestly it does not write. git quiltimport takes the stack, too."""

import email
import email.policy
import mailbox
import os
import re
import shutil

import pytest
import stack
from conftest import BUILD, BUILT, TOP, refused, run, snapshot
from test_stack import BY_ENVIRONMENT, PATCHES, debian, quilt  # noqa: F401

pytestmark = [pytest.mark.stack, pytest.mark.proof]

POSTER = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "Zoë Poster",
    "GIT_AUTHOR_EMAIL": "zoe@example.org",
    "GIT_COMMITTER_NAME": "Zoë Poster",
    "GIT_COMMITTER_EMAIL": "zoe@example.org",
}
# What get_maintainer.pl prints, in the forms that there are.
MAINTAINER = """\
print "\\"A. Maintainer\\" <a\\@example.org> (maintainer:X86 ARCHITECTURE (32-BIT AND 64-BIT))\\n";
print "Z\\303\\251 Supporter <s\\@example.org> (supporter:XEN)\\n";
print "x86\\@example.org (maintainer:X86 ARCHITECTURE (32-BIT AND 64-BIT))\\n";
print "A Reviewer <r\\@example.org> (reviewer:XEN)\\n";
print "xen\\@example.org (moderated list:XEN)\\n";
print "all\\@example.org (open list)\\n";
"""


def messages(path):
    def parse(file):
        return email.message_from_binary_file(file, policy=email.policy.default)

    return list(mailbox.mbox(path, factory=parse, create=False))


def a_tree(folder):
    """What scripts/post wants of a tree, without a tree."""
    (folder / "scripts").mkdir(parents=True)
    (folder / "scripts/get_maintainer.pl").write_text(MAINTAINER)
    (folder / "Makefile").write_text("VERSION = {}\nPATCHLEVEL = {}\nSUBLEVEL = 99\n".format(
        *stack.chosen_tree().split(".")))
    return folder


@pytest.fixture(scope="module")
def posted(tmp_path_factory):
    """The real series, to recipients of no project."""
    folder = tmp_path_factory.mktemp("post")
    env = {**POSTER, "TREEDIR": str(a_tree(folder / "tree")), "BUILD": str(folder / "build")}
    result = run(TOP / "scripts/post", "--draft", env=env, keep=stack.CHOICES)
    assert result.returncode == 0, result.stderr
    assert "a draft: not run on this stack: make check-native" in result.stdout
    return folder / "build" / stack.tree_build().relative_to(stack.build_dir()) / "post"


def committed(tree):
    """The tree as a repository with one commit."""
    for args in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "base"]):
        assert run("git", *args, cwd=tree, env=POSTER).returncode == 0
    return tree


def by_quilt(debian, folder):
    shutil.copytree(debian, folder)
    assert quilt(folder, "push", "-a", env=BY_ENVIRONMENT).returncode == 0
    return snapshot(folder)


def test_git_am_gives_what_quilt_gives(debian, posted, tmp_path):
    tree = tmp_path / "am"
    shutil.copytree(debian, tree)
    result = run("git", "am", "-q", posted / "series.mbox", cwd=committed(tree), env=POSTER)
    assert result.returncode == 0, result.stdout + result.stderr
    assert snapshot(tree, (".git",)) == by_quilt(debian, tmp_path / "quilt")

    log = run("git", "log", "--reverse", "--format=%an <%ae>%n%B%x00", "HEAD~%d.." % len(PATCHES),
              cwd=tree)
    commits = [text.strip() for text in log.stdout.split("\0") if text.strip()]
    assert len(commits) == len(PATCHES)
    for name, commit in zip(PATCHES, commits):
        header, _ = stack.read_patch(name)
        subject, _, text = header.partition("\n")
        author, _, message = commit.partition("\n")
        assert author == "Zoë Poster <zoe@example.org>"
        wanted = (subject.removeprefix("Subject: ") + "\n\n" + text.strip()).strip()
        # Below the tags that there are, without a gap.
        gap = "\n" if re.search(r"\n\n(?:[A-Z][a-z-]+: .*\n?)+\Z", wanted) else "\n\n"
        wanted += gap + "Signed-off-by: Zoë Poster <zoe@example.org>"
        assert message == wanted, name


def test_git_quiltimport_gives_what_quilt_gives(debian, tmp_path):
    tree = tmp_path / "quiltimport"
    shutil.copytree(debian, tree)
    result = run("git", "quiltimport", "--author", "Zoë Poster <zoe@example.org>", "--patches",
                 TOP / "patches", "--series", stack.series_file(), cwd=committed(tree), env=POSTER)
    assert result.returncode == 0, result.stdout + result.stderr
    assert snapshot(tree, (".git",)) == by_quilt(debian, tmp_path / "quilt")
    count = run("git", "rev-list", "--count", "HEAD", cwd=tree).stdout
    assert int(count) == len(PATCHES) + 1


def test_the_mails(posted):
    (cover,) = messages(posted / "0000-cover-letter.mbox")
    patches = messages(posted / "series.mbox")
    count = len(PATCHES)
    assert len(patches) == count
    digits = len(str(count))
    for number, mail in enumerate([cover, *patches]):
        assert mail["Subject"].startswith(f"[PATCH {stack.chosen_tree()} {number:0{digits}}/{count}] ")
        assert mail["From"] == "Zoë Poster <zoe@example.org>"
        assert [a.addr_spec for a in mail["To"].addresses] == [
            "a@example.org", "s@example.org", "x86@example.org"
        ]
        assert [a.addr_spec for a in mail["Cc"].addresses] == [
            "r@example.org", "xen@example.org", "all@example.org"
        ]
        assert mail["To"].addresses[1].display_name == "Zé Supporter"
    dates = [m["Date"].datetime for m in patches]
    assert dates == sorted(set(dates)) and cover["Date"].datetime < dates[0]


def test_the_cover_letter(posted):
    (cover,) = messages(posted / "0000-cover-letter.mbox")
    text = cover.get_content()
    assert not re.search(r"@[a-z]", text.replace("@example.org", ""))
    assert "SPDX" not in text and "Signed-off-by" not in text
    assert run(TOP / "scripts/footprint", "--totals", keep=stack.CHOICES).stdout.strip() in text
    for name in PATCHES:
        header, _ = stack.read_patch(name)
        subject = " ".join(re.match(r"Subject: (.+(?:\n[ \t].*)*)", header)[1].split())
        assert f"\n  {subject}\n" in text
    commands = re.findall(r"^  \$ make (\S+)\n  (.*)", text, re.M)
    assert len(commands) > 2
    targets = run("make", "-s", "help", cwd=TOP).stdout
    for command, line in commands:
        assert re.search(rf"^  {command} ", targets, re.M), command
        assert line.startswith("(not run on stack ")


def letter(playground, text="@closing:check@\n@footprint@\n"):
    playground.write(
        playground.repo / "Documentation/cover-letter.txt",
        f"# A comment\nSubject: all of it\n\nBegin\n{text}End\n",
    )
    a_tree(playground.build / "linux")


def test_an_identity_is_needed(playground, tmp_path):
    letter(playground)
    nobody = {n: None for n in POSTER if n.startswith("GIT_AUTHOR")}
    env = {**POSTER, **nobody, "HOME": str(tmp_path), "EMAIL": None, "TREEDIR": None}
    env = {k: "" if v is None else v for k, v in env.items()}
    refused(playground.run("post", "--draft", env=env), "git config user.name")
    assert not (playground.build / "post").exists()


def test_a_check_that_was_not_run_is_not_quoted(playground):
    """Only its closing line on the very stack that is posted."""
    letter(playground)
    refused(playground.run("post", env=POSTER), "make check,", "--draft")
    say = f"import sys; sys.path[:0] = ['{playground.repo}/scripts']; import stack; "
    build = {"BUILD": str(playground.build)}
    result = run("python3", "-B", "-c", say + "stack.record('check', '3 passed')", env=build)
    assert result.returncode == 0, result.stderr
    assert playground.run("post", env=POSTER).returncode == 0
    assert "\n3 passed\n" in (playground.build / "post/0000-cover-letter.mbox").read_text()

    patch = playground.repo / "patches/0001-hook.patch"
    patch.write_text(patch.read_text().replace("Why it is there.", "Why it is not."))
    refused(playground.run("post", env=POSTER), "make check,")


def test_options(playground):
    letter(playground, "no claims\n")
    args = ["--prefix", "RFC PATCH", "--revision", "3", "--to", "Me <me@example.org>"]
    result = playground.run("post", *args, "--output", playground.build / "other", env=POSTER)
    assert result.returncode == 0, result.stderr
    first, _, last = messages(playground.build / "other/series.mbox")
    assert first["Subject"] == "[RFC PATCH v3 1/3] x86: a hook"
    assert first["To"].addresses[-1].addr_spec == "me@example.org"
    # Another's tags and the poster's are one block.
    assert "Why it is there.\n\nSigned-off-by: Zoë Poster <zoe@example.org>\n---\n" in (
        first.get_content()
    )
    assert last["Subject"] == "[RFC PATCH v3 3/3] x86: mach-xen"


def test_files_of_nobody(playground):
    """Their patch goes to those who get the others."""
    letter(playground, "no claims\n")
    nobody = 'exit if $ARGV[-1] =~ /0002/;\n'
    (playground.build / "linux/scripts/get_maintainer.pl").write_text(nobody + MAINTAINER)
    result = playground.run("post", "--to", "Me <me@example.org>", env=POSTER)
    assert result.returncode == 0, result.stderr
    first, second, _ = messages(playground.build / "post/series.mbox")
    assert "a@example.org" in first["To"] and "me@example.org" in first["To"]
    assert second["To"] == first["To"]


def test_faults_are_named(playground):
    letter(playground, "@nonsense@\n")
    refused(playground.run("post", env=POSTER), "@nonsense@")
    letter_text = playground.repo / "Documentation/cover-letter.txt"
    letter_text.write_text("Subject: a\n\nb\n")
    patch = playground.repo / "patches/0002-move.patch"
    good = patch.read_text()
    patch.write_text(good.replace("Every Xen", "From Xen"))
    refused(playground.run("post", env=POSTER), "From Xen architecture", "reword")
    patch.write_text(good.replace("Subject: ", "Topic: "))
    refused(playground.run("post", env=POSTER), "0002-move.patch", "Subject")
    patch.write_text(good)
    (playground.build / "linux/scripts/get_maintainer.pl").write_text("die 'no MAINTAINERS'")
    refused(playground.run("post", env=POSTER), "get_maintainer.pl failed", "no MAINTAINERS")


@pytest.mark.skipif(not (BUILT / "linux/MAINTAINERS").exists(), reason="needs make tree")
def test_recipients_of_the_real_tree(tmp_path):
    """Each mail goes to somebody and to a list."""
    env = {**POSTER, "BUILD": str(BUILD)}
    result = run(TOP / "scripts/post", "--draft", "--output", tmp_path, env=env,
                 keep=stack.CHOICES)
    assert result.returncode == 0, result.stderr
    for mail in messages(tmp_path / "series.mbox"):
        assert mail["To"].addresses, mail["Subject"]
        everybody = [a.addr_spec for a in (*mail["To"].addresses, *mail["Cc"].addresses)]
        assert "linux-kernel@vger.kernel.org" in everybody
        assert all("@" in a for a in everybody) and len(set(everybody)) == len(everybody)
