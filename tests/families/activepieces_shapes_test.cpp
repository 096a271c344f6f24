// Activepieces in each of its shapes, on a real Docker engine: upgraded, turned back by a failure, rolled back in every way that the shape
// has, lost, made anew of a set, and verified.
#include "runtime/base/file.h"
#include "tests/playbooks/activepieces/deployment.h"
#include "tests/support/catch.h"
#include "tests/support/command.h"

using namespace playbook;
using namespace playbook::testing;
using pieces::Deployment;
using pieces::Shape;

namespace {

class ShapedPieces : public Deployment {
 public:
  explicit ShapedPieces(Shape shape) : Deployment("0.82.1", shape), shape_(shape) {}

  /// Runs a playbook, or `rollback`; demands its exit code and, somewhere in what it says, this.
  void must(int status, std::vector<std::string> words, const std::string& says = "") const {
    if (words[0].find('/') != std::string::npos) {
      words.insert(words.begin(), "run");
      words.insert(words.end(), {"--accept", "jobs,breaking"});
    }
    words.insert(words.end(), {"--yes", "-C", folder().string()});
    CommandProcess process(words, folder());
    const int found = process.finish();
    INFO(words[1] << ":\n" << process.out << process.err);
    CHECK(found == status);
    CHECK_THAT(process.out + process.err, ContainsSubstring(says));
  }
  std::string upgrade() const { return shape_ == Shape::pglite ? "activepieces/upgrade-pglite" : "activepieces/upgrade"; }
  std::string picture() const { return running() + "\n" + fingerprint() + "\n" + queued("job") + "\n" + compose_text() + containers(); }

 private:
  const Shape shape_;
};

}  // namespace

TEST_CASE("every shape of Activepieces is upgraded, turned back, rolled back in each of its ways, made anew and verified",
          "[.][activepieces][shapes][exhaustive]") {
  const Shape shape = GENERATE(Shape::app_and_worker, Shape::one_service, Shape::pglite, Shape::url, Shape::appending_redis);
  INFO("shape " << static_cast<int>(shape));
  pieces::push_release("0.83.0", "0.83.0");
  pieces::push_release("0.83.3", "0.83.0", false, "crash");
  const ShapedPieces app(shape);
  app.queue("job", "then");
  const std::string before = app.picture();

  app.must(1, {app.upgrade(), "--to", "0.83.3"}, "ROLLED BACK");
  CHECK(app.picture() == before);

  app.must(0, {app.upgrade(), "--to", "0.83.0"});
  CHECK(app.running() == "0.83.0");
  CHECK(app.queued("job") == (shape == Shape::pglite ? "" : "then"));
  app.must(0, {"activepieces/verify"});

  app.queue("job", "since");
  app.must(0, {"rollback"});
  CHECK(app.picture() == before);

  app.must(0, {app.upgrade(), "--to", "0.83.0"});
  app.queue("job", "since");
  app.must(0, {"activepieces/rollback", "--to", "0.82.1"}, "way back: restore: ");
  CHECK(app.picture() == before);
  app.must(0, {"activepieces/verify"});

  const TempFolder elsewhere;
  app.must(0, {"activepieces/backup", "--to", elsewhere.path().string()});
  const std::string set = std::filesystem::directory_iterator(elsewhere.path())->path().string();
  app.lose();
  app.must(0, {"activepieces/restore", "--set", set});
  CHECK(app.picture() == before);
  app.must(0, {"activepieces/verify"});
}
