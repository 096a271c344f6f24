#include "tests/support/tree_fixture.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <stdexcept>

#include "runtime/base/file.h"
#include "tests/support/crash.h"

namespace playbook::testing {

namespace fs = std::filesystem;

TreeFixture::TreeFixture(Size size) {
  fs::create_directories(root);
  if (size == Size::empty) return;
  std::string deep = "deep";
  for (int i = 0; i < 8; ++i) deep += "/" + std::string(60, static_cast<char>('a' + i));
  std::string script = R"sh(
mkdir -p empty data 'sp ace' DEEP
printf 'one\n' > data/one; printf 'two\n' > data/two; : > data/nothing
printf 'after\n' > data-after; printf 'x' > "data/caf$(printf '\303\251')"; printf 'y' > "data/raw$(printf '\377')"; printf 'z' > "data/new
line\\"
printf 'deep\n' > DEEP/file
ln data/two data/two-again; ln data/two 'sp ace/two-far'
ln -s one data/link; ln -s /nowhere/at/all dangling; mkfifo data/pipe
truncate -s 8M data/sparse; printf 'in the middle' | dd of=data/sparse bs=1M seek=4 conv=notrunc status=none
truncate -s 3M data/hole
head -c 3000000 /dev/urandom > data/large
chown 1234:1235 data/one 'sp ace'; chown -h 1236:1237 dangling
chmod 0640 data/one; chmod 04755 data/two; chmod 02711 'sp ace'; chmod 0000 data/nothing
touch -h -d '2021-02-03 04:05:06.123456789' dangling data/one; touch -d '2020-01-01 00:00:00.5' 'sp ace' empty
)sh";
  for (size_t at; (at = script.find("DEEP")) != std::string::npos;) script.replace(at, 4, deep);
  folder.write("make.sh", script);
  if (shell("cd '" + root.string() + "' && sh -eu ../../make.sh") != 0) throw std::runtime_error("cannot make the tree");
}

BackupSet TreeFixture::create(Faults* faults) const {
  Manifest manifest;
  manifest.created = "2026-11-21T07:13:49.000Z";
  Work lent = work(faults);
  return create_set({backups, free_set_name(backups, parse_iso("2026-11-21T07:13:49Z"), "demo", "1.0"), manifest,
                     sources.check(Json::array({spec}), instance)},
                    sources, lent);
}

Json TreeFixture::restore(const BackupSet& set, Faults* faults) const {
  Work lent = work(faults);
  return restore_set(set, set.digest(), {}, sources, lent);
}

Json TreeFixture::rehearse(const BackupSet& set) const {
  Work lent = work();
  return rehearse_set(set, set.digest(), sources, lent, {{"by", "tester"}});
}

void TreeFixture::spoil() const {
  if (shell("cd '" + root.string() +
            "' && printf 'ONE\\n' > data/one && rm data/large && mkdir data/more && touch data/more/file && chmod 755 "
            "'sp ace' && chown 7 data-after") != 0)
    throw std::runtime_error("cannot spoil the tree");
}

std::string picture_of(const fs::path& root) {
  TempFolder folder;
  std::string out = (folder.path() / "picture").string();
  if (shell("cd '" + root.string() +
            "' && { find . \\( -type d -printf '%p %y %m %U %G %T@\\n' \\) -o -printf '%p %y %m %U %G %T@ %s %l %n\\n' | "
            "LC_ALL=C sort; find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum; } > " +
            out) != 0)
    throw std::runtime_error("cannot look at " + root.string());
  return read_file(out);
}

}  // namespace playbook::testing
