// Backups of Redis, with a real server of the test's own.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <regex>

#include "runtime/backup/redis_rdb.h"
#include "runtime/base/file.h"
#include "runtime/base/text.h"
#include "tests/support/catch.h"
#include "tests/support/compose_fixture.h"
#include "tests/support/crash.h"
#include "tests/support/primitive_fixture.h"

using namespace playbook;
using namespace playbook::testing;
namespace fs = std::filesystem;

namespace {

class RedisInstance : public PrimitiveFixture {
 public:
  explicit RedisInstance(std::vector<std::string> options = {}) : options_(std::move(options)) {
    environment.children = children_.get();
    start();
    ask("set a one");
    ask("set b two EX 1000");
    ask("-n 3 lpush jobs 1 2 3");
  }
  ~RedisInstance() { stop(); }

  void start() {
    int said[2];
    REQUIRE(::pipe(said) == 0);
    std::vector<std::string> words{
        "redis-server", "--port", "0", "--unixsocket", socket.string(), "--dir", folder.path().string(), "--repl-diskless-sync-delay", "0"};
    words.insert(words.end(), options_.begin(), options_.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    server_ = ::fork();
    if (server_ == 0) {
      ::dup2(said[1], 1);
      ::close(said[0]);
      ::execvp(argv[0], argv.data());
      ::_exit(127);
    }
    ::close(said[1]);
    std::string log;
    char bytes[512];
    for (ssize_t count;
         log.find("Ready to accept connections") == std::string::npos && log.find("server is now ready") == std::string::npos;
         log.append(bytes, static_cast<size_t>(count)))
      if ((count = ::read(said[0], bytes, sizeof bytes)) <= 0) throw std::runtime_error("redis-server does not start: " + log);
    log_ = Descriptor(said[0]);
  }
  void stop() {
    if (server_ <= 0) return;
    ::kill(server_, SIGTERM);
    ::waitpid(server_, nullptr, 0);
    server_ = 0;
  }
  std::string ask(const std::string& words) const { return output_of("redis-cli -s " + socket.string() + " " + words); }
  std::string content() const { return ask("dbsize") + " " + ask("get a") + " " + ask("-n 3 lrange jobs 0 -1 | paste -sd ' '"); }
  Json sources() const { return Json::array({{{"type", "redis"}, {"server", {{"socket", socket.string()}}}}}); }
  Json create() { return call("backup.create", {{"sources", sources()}}); }

  TempFolder folder;
  fs::path socket = folder.path() / "socket", snapshot = folder.path() / "dump.rdb";

 private:
  std::vector<std::string> options_;
  std::unique_ptr<Children> children_ = make_children({.program = PLAYBOOK_BINARY_DIR "/playbook-guardian", .lock_fd = -1});
  pid_t server_ = 0;
  Descriptor log_;
};

std::string by_hand(const fs::path& set) {
  const std::string text = read_file(set / "RESTORE.md");
  static const std::regex block("```sh\n([^`]*)```");
  std::string script;
  for (std::sregex_iterator it(text.begin(), text.end(), block), end; it != end; ++it) script += (*it)[1].str();
  return script;
}

}  // namespace

TEST_CASE("a running Redis is backed up, rehearsed and restored, and what is replaced is kept") {
  RedisInstance redis;
  const Json set = redis.create();
  CHECK(set["rows"] == Json{{"keys", 3}});
  CHECK(redis.drift() == std::nullopt);
  CHECK(redis.call("backup.verify", {{"set", set}})["digest"] == set["digest"]);
  CHECK(redis.call("backup.rehearse", {{"set", set}})["sources"][0]["rows"]["keys"] == 3);
  CHECK(fs::is_empty(redis.run_folder.path()));

  redis.create();
  redis.ask("set a spoiled");
  redis.ask("set later 1");
  CHECK(redis.drift() == "data changed since the backup " + redis.record.result["name"].get<std::string>() +
                             " (Redis of this host holds 3 keys that do not expire, not 2 keys that do not expire)");
  CHECK(redis.call("backup.loss", {{"set", set}})["text"] ==
        "Redis of this host: 3 keys that do not expire now, 2 keys that do not expire then; what is in them is not compared");
  CHECK(error_of([&] {
          redis.call("backup.restore", {{"set", set}});
        }).message() == "Redis of this host cannot be restored: it runs, and would write over what is restored when it ends");
  redis.stop();
  CHECK_THAT(redis.call("backup.loss", {{"set", set}})["text"].get<std::string>(), ContainsSubstring(": 3 keys that do not expire now"));

  const std::string kept = redis.snapshot.string() + ".replaced-" + set["name"].get<std::string>();
  CHECK(redis.call("backup.restore", {{"set", set}})["kept"] == Json::array({kept}));
  CHECK(redis.drift() == std::nullopt);
  CHECK(redis.call("backup.restore", {{"set", set}})["kept"] == Json::array());  // it is there already
  redis.start();
  CHECK(redis.content() == "2 one 3 2 1");
  redis.stop();
  fs::copy_file(kept, redis.snapshot, fs::copy_options::overwrite_existing);
  redis.start();
  CHECK(redis.content() == "3 spoiled 3 2 1");
}

TEST_CASE("RESTORE.md brings Redis back") {
  RedisInstance redis;
  const Json set = redis.create();
  redis.ask("flushall");
  redis.stop();
  redis.folder.write("by-hand.sh", by_hand(set["path"].get<std::string>()));
  REQUIRE(shell("sh -eu " + (redis.folder.path() / "by-hand.sh").string()) == 0);
  redis.start();
  CHECK(redis.content() == "2 one 3 2 1");
  CHECK(fs::exists(redis.snapshot.string() + ".before-" + set["name"].get<std::string>()));
}

TEST_CASE("a password of Redis is opened by the host and is in no file of the set") {
  RedisInstance redis;
  redis.ask("config set requirepass hunter2-and-more");
  Json sources = redis.sources();
  CHECK_THAT(error_of([&] { redis.create(); }).message(), StartsWith("Redis of this host does not say what it is: NOAUTH"));
  sources[0]["server"]["password"] = "hunter2-and-more";
  CHECK(error_of([&] {
          redis.call("backup.create", {{"sources", sources}});
        }).message() == "source redis: password must be a secret reference, for it would be written into the journal");
  Variable password("TEST_REDIS_PASSWORD", "hunter2-and-more");
  sources[0]["server"]["password"] = secret_from_env("TEST_REDIS_PASSWORD");
  const Json set = redis.call("backup.create", {{"sources", sources}});
  CHECK(set["rows"]["keys"] == 3);
  CHECK(shell("! grep -r hunter2 " + set["path"].get<std::string>()) == 0);
}

TEST_CASE("a Redis that would not read a restored snapshot is refused") {
  RedisInstance redis({"--appendonly", "yes"});
  CHECK(error_of([&] { redis.create(); }).message() ==
        "Redis of this host keeps an append-only file, which it would read instead of a restored snapshot");
  redis.ask("config set appendonly no");
  const Json set = redis.create();  // but its file lies there still
  redis.stop();
  CHECK(error_of([&] {
          redis.call("backup.restore", {{"set", set}});
        }).message() == "the restore of Redis of this host failed: an append-only file lies in " + redis.folder.path().string());
  CHECK(error_of([&] { redis.create(); }).code() == Code::backup_failed);
}

TEST_CASE("a snapshot of Redis that is damaged anywhere, cut short or made longer is not taken for a whole one") {
  RedisInstance redis;
  const fs::path file = redis.folder.path() / "copy.rdb";
  REQUIRE(shell("redis-cli -s " + redis.socket.string() + " --rdb " + file.string() + " >/dev/null 2>&1") == 0);
  const std::string whole = read_file(file);
  auto problem = [](const std::string& bytes, size_t piece = 7) -> std::string {
    std::string passed;
    RdbStream stream("it", [&](std::string_view some) { passed += some; });
    try {
      for (size_t at = 0; at < bytes.size(); at += piece) stream.take(std::string_view(bytes).substr(at, piece));
      stream.finish();
    } catch (const Error& error) {
      return error.message();
    }
    return "whole, " + std::to_string(passed.size());
  };
  const std::string good = "whole, " + std::to_string(whole.size()), bad = "it is no whole snapshot of Redis: it is cut short or damaged";
  for (size_t piece : {1u, 7u, 4096u}) CHECK(problem(whole, piece) == good);
  CHECK(problem(whole + std::string(40, 'e')) == good);  // the mark that redis-cli leaves behind it
  CHECK(problem(whole + "e") == bad);
  CHECK(problem("") == "it is no whole snapshot of Redis: it is empty");
  CHECK(problem("ERR no") == bad);
  for (size_t at = 0; at < whole.size(); ++at) {
    INFO(at);
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 4);
    CHECK(problem(damaged) != good);
    CHECK(problem(whole.substr(0, at)) != good);
  }
}
