// Appstrate in its tiers under compose and in the variants of the vendor's files, on a real Docker engine: upgraded, turned back by a
// failure, rolled back in each of its ways, lost, made anew of a set, and verified.
#include <optional>

#include "runtime/base/file.h"
#include "tests/families/appstrate/stores.h"
#include "tests/support/catch.h"

using namespace playbook;
using namespace playbook::testing;

namespace {

struct TierCase {
  int tier;
  Layout layout;
};

void demand(const Deployment& app, int status, std::vector<std::string> words, const std::string& says = "") {
  words.push_back("--yes");
  const Finished done = app.playbook(words);
  INFO(words[0] << " " << words[1] << ":\n" << done.out << done.err);
  CHECK(done.status == status);
  CHECK_THAT(done.out + done.err, ContainsSubstring(says));
}

}  // namespace

TEST_CASE("every tier of Appstrate under compose, and every variant of its files, goes there, back and anew with all that it keeps",
          "[.][appstrate][shapes][exhaustive]") {
  const TierCase of = GENERATE(TierCase{1, Layout::self_hosted}, TierCase{2, Layout::nameless}, TierCase{3, Layout::root});
  INFO("tier " << of.tier);
  push_release("1.0.0-beta.42", "1.0.0-beta.42");
  push_release("1.0.0-beta.47", "1.0.0-beta.47", Flaw::none, "crash");
  push_release("1.0.0-beta.51", "1.0.0-beta.51");
  const Deployment app("1.0.0-beta.41", 2, of.layout);
  std::optional<Stores> stores;
  if (of.tier > 1) stores.emplace(app, of.tier == 2, of.tier == 3);
  auto picture = [&] { return app.state(app.env()) + "\n" + app.fingerprint() + "\n" + app.env() + (stores ? stores->held() : ""); };
  const std::string before = picture();

  demand(app, 1, {"run", "appstrate/upgrade", "--to", "1.0.0-beta.47"}, "ROLLED BACK");
  CHECK(picture() == before);

  demand(app, 0, {"run", "appstrate/upgrade", "--to", "1.0.0-beta.51"});
  CHECK(app.state(app.env()) == "new");
  demand(app, 0, {"run", "appstrate/verify"});
  if (stores) stores->put("since");
  demand(app, 0, {"rollback"});
  CHECK(picture() == before);

  demand(app, 0, {"run", "appstrate/upgrade", "--to", "1.0.0-beta.51"});
  if (stores) stores->put("since");
  demand(app, 0, {"run", "appstrate/rollback", "--to", "1.0.0-beta.41"}, "way back: restore: ");
  CHECK(picture() == before);

  demand(app, 0, {"run", "appstrate/upgrade", "--to", "1.0.0-beta.42"});
  demand(app, 0, {"run", "appstrate/rollback", "--to", "1.0.0-beta.41"}, "way back: image: ");
  CHECK(picture() == before);

  const TempFolder elsewhere;
  demand(app, 0, {"run", "appstrate/backup", "--to", elsewhere.path().string()});
  const std::string set = std::filesystem::directory_iterator(elsewhere.path())->path().string();
  app.compose("down --volumes --timeout 1");
  for (const auto& entry : std::filesystem::directory_iterator(app.folder())) std::filesystem::remove_all(entry.path());
  demand(app, 0, {"run", "appstrate/restore", "--set", set});
  CHECK(picture() == before);
  demand(app, 0, {"run", "appstrate/verify"});
}
