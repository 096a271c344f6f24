// Backups of buckets, with a real S3 server on loopback.
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>
#include <regex>

#include "runtime/base/file.h"
#include "runtime/base/text.h"
#include "tests/support/catch.h"
#include "tests/support/compose_fixture.h"
#include "tests/support/crash.h"
#include "tests/support/primitive_fixture.h"
#include "tests/support/s3_server.h"

using namespace playbook;
using namespace playbook::testing;
namespace fs = std::filesystem;

namespace {

class BucketInstance : public PrimitiveFixture {
 public:
  BucketInstance() {
    environment.children = children_.get();
    put({{"one", "1\n"}, {"two words.txt", "2\n"}, {"uploads/deep/\xc3\xa4.bin", std::string(300'000, 'x')}});
  }
  Json sources(Json more = Json::object()) const {
    more.update({{"type", "s3"},
                 {"bucket", "app"},
                 {"endpoint", server_.endpoint()},
                 {"region", "us-east-1"},
                 {"access_key", "S3RVER"},
                 {"secret_key", secret_from_env("TEST_S3_SECRET")}});
    return Json::array({more});
  }
  Json create(const Json& more = Json::object()) { return call("backup.create", {{"sources", sources(more)}}); }
  std::string rclone(const std::string& words) const { return server_.rclone(words); }
  void put(const std::map<std::string, std::string>& objects) {
    fs::remove_all(folder.path() / "objects");
    for (const auto& [key, content] : objects) folder.write("objects/" + key, content);
    rclone("copy --header-upload 'Content-Type: text/x-test' " + (folder.path() / "objects").string() + " t:app");
  }
  void spoil() {
    put({{"one", "spoiled\n"}, {"later", "new\n"}});
    rclone("deletefile 't:app/two words.txt'");
  }
  std::string picture() const { return server_.picture(); }

  TempFolder folder;

 private:
  Variable secret_{"TEST_S3_SECRET", "S3RVER"}, bundle_{"AWS_CA_BUNDLE", nullptr},  // rclone knows it not
      transfers_{"RCLONE_TRANSFERS", "1"}, checkers_{"RCLONE_CHECKERS", "1"};       // the server removes folders under others' feet
  S3Server server_;
  std::unique_ptr<Children> children_ = make_children({.program = PLAYBOOK_BINARY_DIR "/playbook-guardian", .lock_fd = -1});
};

}  // namespace

TEST_CASE("a bucket is backed up, rehearsed and restored with its content types, and what is replaced is kept in it") {
  BucketInstance app;
  const std::string old = app.picture();
  CHECK_THAT(old, ContainsSubstring("text/x-test"));
  const Json set = app.create();
  CHECK(app.drift() == std::nullopt);
  CHECK(app.call("backup.verify", {{"set", set}})["digest"] == set["digest"]);
  CHECK(app.call("backup.rehearse", {{"set", set}})["sources"][0] == Json{{"name", "app"}, {"type", "s3"}, {"objects", 3}});
  CHECK(fs::is_empty(app.run_folder.path()));

  app.spoil();
  CHECK(app.call("backup.loss", {{"set", set}})["text"] == "bucket app: 1 object new, 1 gone, 1 changed");
  Json restored = app.call("backup.restore", {{"set", set}});
  const std::string kept = ".playbook-replaced-" + set["name"].get<std::string>();
  CHECK(restored["kept"] == Json::array({"bucket app/" + kept}));
  CHECK(app.picture() == old);
  CHECK(app.rclone("cat t:app/" + kept + "/one") == "spoiled");
  CHECK(app.rclone("cat t:app/" + kept + "/later") == "new");
  CHECK(app.call("backup.restore", {{"set", set}})["kept"] == restored["kept"]);
  CHECK(app.drift() == std::nullopt);
  app.rclone("delete --fast-list t:app");
  CHECK(app.call("backup.loss", {{"set", set}})["text"] == "bucket app: 0 objects new, 3 gone, 0 changed");
  app.call("backup.restore", {{"set", set}});
  CHECK(app.picture() == old);
}

TEST_CASE("RESTORE.md brings a bucket back by rclone") {
  BucketInstance app;
  const std::string old = app.picture();
  const Json set = app.create();
  app.spoil();
  const std::string text = read_file(set["path"].get<std::string>() + "/RESTORE.md");
  static const std::regex block("```sh\n([^`]*)```");
  std::string script = "export AWS_ACCESS_KEY_ID=S3RVER AWS_SECRET_ACCESS_KEY=S3RVER\n";
  for (std::sregex_iterator it(text.begin(), text.end(), block), end; it != end; ++it) script += (*it)[1].str();
  app.folder.write("by-hand.sh", script);
  REQUIRE(shell("sh -eu " + (app.folder.path() / "by-hand.sh").string()) == 0);
  CHECK(app.picture() == old);
  CHECK(app.rclone("cat t:app/.before-" + set["name"].get<std::string>() + "/one") == "spoiled");
}

TEST_CASE("a backup of a bucket that was killed goes on with what its mirror has, and tells what changed under it") {
  BucketInstance app;
  const fs::path mirror = app.folder.path() / "mirror";
  REQUIRE(in_child([&] {
            KillingFaults kill(1);  // the objects are there, the set is not
            app.environment.faults = &kill;
            app.create({{"mirror", mirror.string()}});
          }).killed);
  struct stat before {
  }, after{};
  REQUIRE(::stat((mirror / "one").c_str(), &before) == 0);
  const Json set = app.create({{"mirror", mirror.string()}});
  REQUIRE(::stat((mirror / "one").c_str(), &after) == 0);
  CHECK(before.st_ino == after.st_ino);  // not fetched again
  CHECK(app.call("backup.rehearse", {{"set", set}})["sources"][0]["objects"] == 3);

  ActingFaults late("backup.copied", [&] { app.put({{"late", "!"}}); });
  app.environment.faults = &late;
  CHECK(error_of([&] { app.create(); }).message() == "bucket app was changed while it was backed up: late is new");
}

TEST_CASE("a secret key of a bucket is a reference, and a stranger is told what the server says") {
  BucketInstance app;
  Json plain = app.sources();
  plain[0]["secret_key"] = "S3RVER";
  CHECK(error_of([&] {
          app.call("backup.create", {{"sources", plain}});
        }).message() == "source s3: secret_key must be a secret reference, for it would be written into the journal");
  Json stranger = app.sources();
  stranger[0]["access_key"] = "nobody";
  const Error denied = error_of([&] { app.call("backup.create", {{"sources", stranger}}); });
  CHECK(denied.code() == Code::backup_failed);
  CHECK_THAT(denied.message(), StartsWith("listing bucket app failed: ") && ContainsSubstring("InvalidAccessKeyId"));
}
