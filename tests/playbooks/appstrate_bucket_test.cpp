// Appstrate's objects in a bucket, on a real S3 server: they come back with its database, or stay, where a snapshot is vouched for, and
// that is said.
#include "runtime/base/file.h"
#include "tests/playbooks/appstrate/processes.h"
#include "tests/support/catch.h"
#include "tests/support/command.h"
#include "tests/support/crash.h"
#include "tests/support/s3_server.h"

using namespace playbook;
using namespace playbook::testing;

namespace {

class BucketAppstrate {
 public:
  BucketAppstrate() {
    scenario_.prepare(folder_.path());
    const std::filesystem::path file = folder_.path() / "docker-compose.yml";
    Json project = parse_json(read_file(file), "docker-compose.yml");
    std::string settings;
    for (const auto& [name, value] : {std::pair<std::string, std::string>{"S3_BUCKET", "app"},
                                      {"S3_REGION", "us-east-1"},
                                      {"S3_ENDPOINT", server_.endpoint()},
                                      {"AWS_ACCESS_KEY_ID", "S3RVER"},
                                      {"AWS_SECRET_ACCESS_KEY", "S3RVER"}}) {
      project["services"]["appstrate"]["environment"][name] = "${" + name + "}";
      settings += name + "=" + value + "\n";
    }
    replace_file(file, project.dump(1));
    replace_file(folder_.path() / ".env", read_file(folder_.path() / ".env") + settings);
    put("then");
    if (shell("cd '" + folder_.path().string() + "' && docker compose up -d") != 0) throw std::runtime_error("docker compose up");
  }
  ~BucketAppstrate() { scenario_.clean(folder_.path()); }

  void put(const std::string& text) {
    folder_.write("object", text);
    server_.rclone("copyto " + (folder_.path() / "object").string() + " t:app/object");
  }
  std::string object() const { return server_.rclone("cat t:app/object"); }
  std::string said(std::vector<std::string> words, int status = 0) const {
    words.insert(words.end(), {"--yes", "-C", folder_.path().string()});
    CommandProcess process(words, folder_.path(), CommandProcess::On::pipes,
                           {{"PATH", ::getenv("PATH")},
                            {"STAND_IN_DOCKER", ::getenv("STAND_IN_DOCKER")},
                            {"RCLONE_TRANSFERS", "1"},
                            {"RCLONE_CHECKERS", "1"}});
    const int found = process.finish();
    INFO(process.out << process.err);
    CHECK(found == status);
    return process.out + process.err;
  }

 private:
  TempFolder folder_;
  const S3Server server_;
  const Scenario scenario_ = appstrate_upgrade("1.0.0-beta.51");
};

}  // namespace

TEST_CASE("objects in a bucket go back with Appstrate, and where a snapshot of them is vouched for it is said that they stay",
          "[.][bucket][exhaustive]") {
  BucketAppstrate app;
  app.said({"run", "appstrate/upgrade", "--to", "1.0.0-beta.51"});
  app.put("since");
  app.said({"run", "appstrate/rollback", "--to", "1.0.0-beta.41"});
  CHECK(app.object() == "then");

  const std::string snapshot = "snap-0a1b 2026-11-21T07:00:00Z aws s3 sync s3://copy s3://app";
  app.said({"run", "appstrate/upgrade", "--to", "1.0.0-beta.51", "--snapshot", snapshot});
  app.put("since");
  CHECK_THAT(app.said({"rollback"}), ContainsSubstring("the snapshot snap-0a1b of 2026-11-21T07:00:00.000Z is not in ") &&
                                         ContainsSubstring("and stays as it is now: aws s3 sync s3://copy s3://app"));
  CHECK(app.object() == "since");
  CHECK_THAT(app.said({"run", "appstrate/upgrade", "--to", "1.0.0-beta.51", "--snapshot", "snap-0a1b"}, 2),
             ContainsSubstring("a snapshot must be named as"));
}
