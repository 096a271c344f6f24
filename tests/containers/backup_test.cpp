// Backups of what containers hold: named volumes, a Redis service, saved images.
#include <sys/xattr.h>

#include <regex>

#include "runtime/base/file.h"
#include "tests/support/catch.h"
#include "tests/support/compose_fixture.h"
#include "tests/support/crash.h"
#include "tests/support/redis_image.h"
#include "tests/support/tree_fixture.h"

using namespace playbook;
using namespace playbook::testing;

namespace {

constexpr const char* kWriter =
    "services: {app: {image: \"@shell@\", command: [\"sh\", \"-c\", \"exec 3>>/data/log; echo up >&3; sleep 1000\"], volumes: "
    "[\"files:/data\"]}}\n"
    "volumes: {files: {}}\n";

int restore_by_hand(const Json& set, const TempFolder& folder) {
  const std::string text = read_file(set["path"].get<std::string>() + "/RESTORE.md");
  static const std::regex block("```sh\n([^`]*)```");
  std::string script;
  for (std::sregex_iterator it(text.begin(), text.end(), block), end; it != end; ++it) script += (*it)[1].str();
  return shell("sh -eu " + folder.write("by-hand.sh", script).string() + " >/dev/null");
}

}  // namespace

TEST_CASE("a volume is backed up and restored, and not while a container has it", "[volume]") {
  ComposeFixture app(kWriter);
  const std::string volume = app.name + "_files";
  const Json sources = Json::array({{{"type", "volume"}, {"volume", volume}, {"name", "files"}}});
  auto content = [&](const std::string& command) {
    return output_of("docker run --rm -v " + volume + ":/data " + app.shell_image + " sh -c '" + command + "'");
  };
  const std::string look = "cat /data/one; stat -c %u:%g:%a /data/one; ls /data";
  content("echo one > /data/one; chown 33:33 /data/one; chmod 600 /data/one");
  const std::string old = content(look);
  const Json set = app.call("backup.create", {{"sources", sources}});
  CHECK(app.call("backup.rehearse", {{"set", set}})["sources"][0]["files"] == 1);
  content("echo spoiled > /data/one; echo new > /data/two");
  CHECK(app.call("backup.loss", {{"set", set}})["sources"][0]["items"].size() == 2);

  app.call("compose.up", {{"project", app.project}});
  CHECK_THAT(error_of([&] {
               app.call("backup.restore", {{"set", set}});
             }).message(),
             StartsWith("cannot restore volume " + volume + ": it is in use by "));
  app.call("compose.stop", {{"project", app.project}});
  app.call("backup.restore", {{"set", set}});
  CHECK(content(look) == old);
  content("echo spoiled > /data/one");
  REQUIRE(restore_by_hand(set, app.run_folder) == 0);
  CHECK(content(look) == old);

  REQUIRE(shell("docker compose -p " + app.name + " rm -f >/dev/null 2>&1; docker rm -f $(docker ps -aq --filter volume=" + volume +
                ") >/dev/null 2>&1; docker volume rm " + volume + " >/dev/null") == 0);
  const Error error = error_of([&] { app.call("backup.create", {{"sources", sources}}); });
  CHECK(error.code() == Code::file_missing);
  CHECK(error.message() == "volume " + volume + " does not exist");
}

TEST_CASE("the Redis of a service is backed up while it runs, rehearsed beside it, and restored into its volume", "[redis]") {
  ComposeFixture app("services: {redis: {image: \"" + redis_image() + "\", volumes: [\"data:/data\"]}}\nvolumes: {data: {}}\n");
  app.call("compose.up", {{"project", app.project}});
  auto ask = [&](const std::string& words) {
    return output_of("until docker exec " + app.container("redis")["id"].get<std::string>() + " redis-cli " + words +
                     " 2>/dev/null; do :; done");
  };
  ask("set a one");
  const Json server{{"project", {{"folder", app.instance.string()}, {"name", app.name}}}, {"service", "redis"}};
  const Json set = app.call("backup.create", {{"sources", Json::array({{{"type", "redis"}, {"server", server}}})}});
  CHECK(set["rows"] == Json{{"keys", 1}});
  CHECK(app.call("backup.rehearse", {{"set", set}})["sources"][0]["rows"]["keys"] == 1);
  for (const bool by_hand : {false, true}) {
    ask("set a spoiled");
    ask("set b two");
    CHECK_THAT(error_of([&] {
                 app.call("backup.restore", {{"set", set}});
               }).message(),
               StartsWith("Redis of service redis cannot be restored: it runs"));
    app.call("compose.stop", {{"project", app.project}});
    if (by_hand)
      REQUIRE(restore_by_hand(set, app.run_folder) == 0);
    else
      app.call("backup.restore", {{"set", set}});
    app.call("compose.up", {{"project", app.project}});
    CHECK(ask("get a") == "one");
    CHECK(ask("dbsize") == "1");
  }
}

TEST_CASE("an image is saved into a set, its layers checked, and loaded when the engine lost it", "[image]") {
  ComposeFixture app("services: {app: {image: \"@shell@\"}}\n");
  const std::string image = build_release("saved", "1.0");
  auto id = [&] { return output_of("docker image inspect -f '{{.Id}}' " + image); };
  const std::string old = id();
  const Json set = app.call("backup.create", {{"sources", Json::array({{{"type", "image"}, {"image", image}}})}});
  CHECK(app.call("backup.rehearse", {{"set", set}})["sources"][0]["image"] == Json(old));
  for (const bool by_hand : {false, true}) {
    REQUIRE(shell("docker image rm -f " + image + " >/dev/null") == 0);
    if (by_hand)
      REQUIRE(restore_by_hand(set, app.run_folder) == 0);
    else
      app.call("backup.restore", {{"set", set}});
    CHECK(id() == old);
  }
  CHECK(error_of([&] {
          app.call("backup.create", {{"sources", Json::array({{{"type", "image"}, {"image", "nowhere/at-all:1"}}})}});
        }).message() == "image nowhere/at-all:1 is not here");
}

TEST_CASE("a folder that this user may not read is read through a container of the application's image", "[directory]") {
  const std::string shell_image = output_of("\"$PLAYBOOK_TESTBED/image\" shell");
  TempFolder context;
  context.write("Dockerfile", "FROM " + shell_image + "\nCOPY rootfs /\n");
  const std::string image =
      output_of("\"$PLAYBOOK_TESTBED/image\" build with-tar:1 " + context.path().string() + " /usr/bin/tar /usr/bin/du");
  ComposeFixture app("services: {app: {image: \"" + image + "\", command: [\"sleep\", \"1000\"], volumes: [\"./data:/data\"]}}\n");
  const std::string at = app.instance.string(), data = at + "/data";
  // All that a tree can hold but sockets; most of it is root's alone.
  REQUIRE(
      shell("set -eu; mkdir -p " + data + "/sub/empty; cd " + data +
            "; echo one >one; chmod 600 one; ln one sub/again; ln -s one link; head -c 300000 /dev/urandom >sub/big; chown 33:33 sub/big; "
            "chmod 640 sub/big; truncate -s 1M sub/sparse; mkdir secret; echo x >secret/x; chmod 700 secret; mkfifo pipe; touch -d "
            "2024-02-03T04:05:06.789 one; chmod o+rx . sub") == 0);
  REQUIRE(::setxattr((data + "/sub/big").c_str(), "user.note", "kept", 4, 0) == 0);
  app.instance_folder.write("save.lua", R"lua(
    local playbook = require "playbook"
    return playbook.define { name = "save", summary = "Saves a folder.", params = { helper = { type = "boolean", help = "reads through a container" } }, run = function(p)
      local helper = p.helper and { project = { folder = ".", name = "@name@" }, service = "app", path = "/data" } or nil
      local set = step("Back up", function() return backup.create({ { type = "directory", path = "data", helper = helper } }, { to = "sets" }) end)
      log.info("lost since then: " .. backup.loss(set).text)
    end }
  )lua");
  REQUIRE(shell("sed -i s/@name@/" + app.name + "/ " + at + "/save.lua; chown 65534:0 " + at + "; chmod 755 " + at + "; mkdir -p " + at +
                "/home; chown 65534:0 " + at + "/home") == 0);
  const std::string as_nobody = "cd " + at + " && HOME=" + at +
                                "/home setpriv --reuid 65534 --regid $(stat -c %g /run/docker.sock) --clear-groups " +
                                PLAYBOOK_BINARY_DIR "/playbook run save.lua --yes ";

  CHECK_THAT(output_of("(" + as_nobody + "2>&1 || echo status $?)"), ContainsSubstring("cannot be read whole by this user"));
  CHECK_THAT(output_of("(" + as_nobody + "--helper 2>&1; true)"), ContainsSubstring("lost since then: nothing"));
  const std::string set = output_of("ls -d " + at + "/sets/*");
  const std::string old = picture_of(data);
  app.call("backup.verify", {{"set", set}});
  REQUIRE(shell("cd " + data + "; echo spoiled >one; rm -r secret; chmod 777 sub") == 0);
  CHECK(app.call("backup.loss", {{"set", set}})["equal"] == false);
  app.call("backup.restore", {{"set", set}});
  CHECK(picture_of(data) == old);

  REQUIRE(shell("mkdir -p " + data + "/pg/global; touch " + data + "/pg/global/pg_control") == 0);
  CHECK_THAT(output_of("(" + as_nobody + "--helper 2>&1; true)"), ContainsSubstring("holds a PGlite database"));
  REQUIRE(shell("sed -i 's#image: .*with-tar:1\"#image: \"" + shell_image + "\"#' " + at + "/docker-compose.yml") == 0);
  CHECK_THAT(output_of("(" + as_nobody + "--helper 2>&1; true)"), ContainsSubstring("its image must hold GNU tar 1.28 or newer"));
}
