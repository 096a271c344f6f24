// The source `redis`: {type="redis", server={project, service, password?} or {host?, port?, socket?, password?}, name="redis"}. One part
// `<name>.rdb.zst`, the snapshot that the server makes for a replica (`redis-cli --rdb`), so that the application may be running. State:
// {version, rdb, keys, expiring, folder, file}. A password is a secret reference and reaches redis-cli by its environment.
//
// A restore puts the file where the server reads it at its start, so the server must be stopped. One that keeps an append-only file would
// read that instead and is refused.
#include <charconv>
#include <map>

#include "runtime/backup/redis_rdb.h"
#include "runtime/backup/services.h"
#include "runtime/backup/source.h"
#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/base/secret.h"
#include "runtime/base/text.h"

namespace playbook {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

// In a container standard input is a pipe, here it may be a socket, which has no path to open.
constexpr const char* kCount = "cat | redis-check-rdb /dev/stdin";
constexpr const char* kCountFile = R"sh(cd "$1"
if [ -e "$2" ]; then exec redis-check-rdb "$2"; fi
echo "[info] 0 keys read"; echo "[info] 0 expires")sh";

// A server of its own in the folder $1, which reads the snapshot, is asked, and ends.
constexpr const char* kRehearse = R"sh(mkdir -p "$1"
cd "$1"
cat >dump.rdb
redis-server --port 0 --unixsocket ./s --dir . --dbfilename dump.rdb --save '' --appendonly no --daemonize no >log 2>&1 &
server=$!
trap 'kill $server 2>/dev/null || true' EXIT
until [ "$(redis-cli -s ./s ping 2>/dev/null)" = PONG ]; do
  if ! kill -0 $server 2>/dev/null; then tail -n 1 log >&2; exit 1; fi
  sleep 0.05
done
redis-cli -s ./s info keyspace
redis-cli -s ./s shutdown nosave || true
wait $server || true)sh";

// $1 folder, $2 file, $3 name for what is replaced, $4 SHA-256 of the content on standard input.
constexpr const char* kRestore = R"sh(cd "$1"
if [ -e appendonlydir ] || [ -e appendonly.aof ]; then echo "an append-only file lies in $1" >&2; exit 3; fi
sum() { sha256sum "$1" | cut -c 1-64; }
if [ -e "$2" ] && [ "$(sum "$2")" = "$4" ]; then cat >/dev/null; sync; exit 0; fi
cat >"$2.restoring"
if [ "$(sum "$2.restoring")" != "$4" ]; then rm -f "$2.restoring"; echo "what arrived in $1 is not what was sent" >&2; exit 1; fi
like=$2
if ! [ -e "$like" ]; then like=.; fi
chown "$(stat -c %u:%g "$like")" "$2.restoring"
chmod 600 "$2.restoring"
sync
if [ -e "$2" ]; then
  kept=$3 n=1
  while [ -e "$kept" ] && ! [ "$kept" -ef "$2" ]; do n=$((n + 1)) kept=$3-$n; done
  [ "$kept" -ef "$2" ] || ln "$2" "$kept" 2>/dev/null || cp -p "$2" "$kept"
  echo "$kept"
fi
mv -f "$2.restoring" "$2"
sync)sh";

constexpr const char* kByHand = R"sh(cd "$1"
cat >"$2.new"
if [ -e "$2" ]; then chown "$(stat -c %u:%g "$2")" "$2.new"; mv "$2" "$3"; else chown "$(stat -c %u:%g .)" "$2.new"; fi
mv "$2.new" "$2"
sync)sh";

struct Keys {
  std::uint64_t all = 0, expiring = 0;
};

class RedisSource final : public Source {
 public:
  std::string type() const override { return "redis"; }

  Json check(const Json& spec, const fs::path& instance) const override {
    const std::vector<std::string> members{"type", "server", "name"};
    check_spec(spec, members);
    const Json server =
        check_server("redis", get_or<Json>(spec, "server", Json::object()), {"host", "port", "socket", "password"}, instance);
    if (server.contains("password") && !is_secret(server["password"]))
      throw Error(Code::argument_invalid, "source redis: password must be a secret reference, for it would be written into the journal",
                  "name it, such as with secret.dotenv(\".env\", \"REDIS_PASSWORD\")");
    const std::string name = is_service(server) ? server.at("service").get<std::string>() : "redis";
    Json complete{{"type", "redis"}, {"server", server}, {"name", get_or<std::string>(spec, "name", name)}};
    check_spec(complete, members);
    return complete;
  }

  std::string describe(const Json& spec) const override { return "Redis of " + server_label(spec.at("server")); }
  std::vector<std::string> touches(const Json& spec) const override { return {"redis:" + describe(spec)}; }
  std::uint64_t estimate(const Json& spec, Work& work) const override { return number(information(spec, work)["used_memory"]); }

  Json create(const Json& spec, SetWriter& writer, Work& work) const override {
    auto found = information(spec, work);
    expect_restorable(spec, found);
    const std::string name = spec.at("name");
    auto part = writer.part(name + ".rdb.zst", name, Encoding::zstd, number(found["used_memory"]));
    RdbStream stream("what Redis of " + server_label(spec.at("server")) + " sent", [&](std::string_view bytes) { part->write(bytes); });
    Command command = cli(spec, {"--rdb", "-"}, work);
    command.output = [&](std::string_view bytes) { stream.take(bytes); };
    auto place = place_inside(spec.at("server"), work);
    run_well(*place, command, "the snapshot of " + describe(spec), work);
    stream.finish();
    work.reach("backup.dumped");
    Part done = part->finish();
    Json state{{"version", found["redis_version"]},
               {"rdb", stream.version()},
               {"folder", setting(spec, "dir", work)},
               {"file", setting(spec, "dbfilename", work)}};
    const Keys keys = count_stored(*place, writer.folder(), done, work);
    state["keys"] = keys.all, state["expiring"] = keys.expiring;
    writer.add(std::move(done));
    return state;
  }

  Json rows(const StoredSource& source) const override { return {{"keys", source.state.at("keys")}}; }

  void verify(const Stored& stored, Work& work) const override {
    const Part& part = stored.manifest.part_of(stored.source.name);
    RdbStream stream(part.file);
    read_part(stored.folder, part, work, [&](std::string_view piece) { stream.take(piece); });
    stream.finish();
  }

  Json rehearse(const Stored& stored, Work& work) const override {
    const Part& part = stored.manifest.part_of(stored.source.name);
    const Json& server = stored.source.spec.at("server");
    const ScratchFolder scratch(work, stored.source.name + ".redis");
    Command command = script(kRehearse, {is_service(server) ? "/tmp/playbook-rehearsal" : scratch.path().string()});
    PartReader reader(stored.folder, part, work);
    command.feed = [&] { return reader.next(); };
    const std::string said = run_well(*place_beside(server, work), command, "reading " + part.file + " with a Redis of its own", work);
    work.reach("rehearse.compared");
    const Keys found = keys_of(said), then = stored_keys(stored);
    if (found.all - found.expiring != then.all - then.expiring)  // the others may have expired meanwhile
      throw Error(Code::backup_corrupt, part.file + " holds " + lasting(found) + ", manifest.json says " + lasting(then));
    return {{"name", stored.source.name}, {"type", type()}, {"rows", rows(stored.source)}};
  }

  void check_restore(const Stored& stored, Work& work) const override {
    const Json& spec = stored.source.spec;
    if (runs(spec, work))
      throw Error(Code::backup_failed, describe(spec) + " cannot be restored: it runs, and would write over what is restored when it ends",
                  "stop it first; it reads the snapshot when it is started again");
    const std::string folder = stored.source.state.at("folder");
    if (!is_service(spec.at("server")) && !fs::is_directory(folder))
      throw Error(Code::file_missing, describe(spec) + " cannot be restored: its folder " + folder + " does not exist",
                  "make the folder, or mount what it is on");
  }

  Json restore(const Stored& stored, Work& work) const override {
    const Json &spec = stored.source.spec, &state = stored.source.state;
    const std::string folder = state.at("folder"), file = state.at("file"), mark = ".replaced-" + stored.manifest.name;
    const Part& part = stored.manifest.part_of(stored.source.name);
    Command command = script(kRestore, {folder, file, file + mark, part.content_sha256});
    PartReader reader(stored.folder, part, work);
    command.feed = [&] { return reader.next(); };
    work.reach("restore.decoded");
    const std::string kept(trim(run_well(*place_beside(spec.at("server"), work), command, "the restore of " + describe(spec), work)));
    work.reach("restore.swapped");
    Json result{{"name", stored.source.name}, {"type", type()}, {"rows", rows(stored.source)}, {"kept", Json::array()}};
    if (!kept.empty()) result["kept"].push_back((is_service(spec.at("server")) ? describe(spec) + ": " : "") + folder + "/" + kept);
    return result;
  }

  std::vector<std::string> differences(const Stored& stored, Work& work) const override {
    const Keys now = present_keys(stored, work), then = stored_keys(stored);
    if (now.all - now.expiring == then.all - then.expiring) return {};
    return {describe(stored.source.spec) + " holds " + lasting(now) + ", not " + lasting(then)};
  }

  Json loss(const Stored& stored, Work& work) const override {
    const std::string what = describe(stored.source.spec);
    Json item{{"what", what}, {"added", 0}, {"removed", 0}, {"changed", 1}};
    try {
      item["text"] = what + ": " + lasting(present_keys(stored, work)) + " now, " + lasting(stored_keys(stored)) +
                     " then; what is in them is not compared";
    } catch (const Error& unreadable) {
      if (unreadable.code() == Code::cancelled) throw;
      item["unreadable"] = unreadable.message();
    }
    return {{"name", stored.source.name}, {"type", type()}, {"items", Json::array({item})}};
  }

  std::string instructions(const Stored& stored) const override {
    const Json &server = stored.source.spec.at("server"), &state = stored.source.state;
    const std::string file = state.at("file");
    return "**The " + describe(stored.source.spec) + "** (" + state.at("version").get<std::string>() +
           "). Its server must be stopped, and is started again after this; it must not keep an append-only\n   file. The present snapshot "
           "is kept beside.\n\n```sh\nzstd -d -c -q " +
           shell_quoted(stored.manifest.part_of(stored.source.name).file) + " | " + beside_by_hand(server, "sh") + "-euc " +
           shell_quoted(kByHand) + " sh " + shell_quoted(state.at("folder")) + " " + shell_quoted(file) + " " +
           shell_quoted(file + ".before-" + stored.manifest.name) + "\n```\n";
  }

 private:
  static std::uint64_t number(const std::string& text) {
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
  }
  static std::string lasting(const Keys& keys) { return std::to_string(keys.all - keys.expiring) + " keys that do not expire"; }
  static Keys stored_keys(const Stored& stored) { return {stored.source.state.at("keys"), stored.source.state.at("expiring")}; }

  static Command script(const char* text, const std::vector<std::string>& arguments) {
    Command command;
    command.argv = {"sh", "-euc", text, "sh"};
    command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
    return command;
  }

  static Command cli(const Json& spec, const std::vector<std::string>& arguments, Work& work) {
    const Json& server = spec.at("server");
    Command command;
    command.argv = {"redis-cli"};
    if (server.contains("socket")) command.argv.insert(command.argv.end(), {"-s", server["socket"].get<std::string>()});
    if (server.contains("host")) command.argv.insert(command.argv.end(), {"-h", server["host"].get<std::string>()});
    if (server.contains("port")) command.argv.insert(command.argv.end(), {"-p", std::to_string(server["port"].get<int>())});
    if (server.contains("password")) command.environment["REDISCLI_AUTH"] = work.secret(server["password"]);
    command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
    return command;
  }

  static std::string ask(const Json& spec, const std::vector<std::string>& question, Work& work) {
    Command command = cli(spec, question, work);
    command.deadline = 1min;
    return run_well(*place_inside(spec.at("server"), work), command, "redis-cli " + question.front(), work);
  }

  // All that the server says of itself, by name.
  std::map<std::string, std::string> information(const Json& spec, Work& work) const {
    const std::string said = ask(spec, {"info"}, work);
    std::map<std::string, std::string> found;
    for (const std::string& line : split(said, '\n'))
      if (size_t colon = line.find(':'); colon != std::string::npos) found[line.substr(0, colon)] = trim(line.substr(colon + 1));
    if (!found.contains("redis_version"))
      throw Error(Code::backup_failed, describe(spec) + " does not say what it is: " + to_utf8(trim(said)).substr(0, 200),
                  "where it asks for a password, give server.password as a secret reference");
    return found;
  }

  void expect_restorable(const Json& spec, std::map<std::string, std::string>& found) const {
    if (found["aof_enabled"] == "1")
      throw Error(Code::unsupported, describe(spec) + " keeps an append-only file, which it would read instead of a restored snapshot",
                  "back up its volume while it is stopped, as a source of type volume, or turn it off with `config set appendonly no`");
    if (found["cluster_enabled"] == "1")
      throw Error(Code::unsupported, describe(spec) + " is a node of a cluster and holds only a share of it",
                  "back up the volumes of all its nodes while they are stopped");
  }

  std::string setting(const Json& spec, const std::string& name, Work& work) const {
    const std::vector<std::string> lines = split(trim(ask(spec, {"config", "get", name}, work)), '\n');
    if (lines.size() == 2 && trim(lines[0]) == name) return std::string(trim(lines[1]));
    throw Error(Code::backup_failed, describe(spec) + " does not say what its `" + name + "` is: " + to_utf8(lines[0]),
                "it must allow `config get`, for a restore has to know where its snapshot lies");
  }

  // `db0:keys=2,expires=1,...` of a server, `[info] 2 keys read` of redis-check-rdb
  static Keys keys_of(const std::string& said) {
    Keys keys;
    for (const std::string& line : split(said, '\n')) {
      if (size_t at = line.find(":keys="); at != std::string::npos && line.starts_with("db")) {
        keys.all += number(line.substr(at + 6));
        if (at = line.find("expires="); at != std::string::npos) keys.expiring += number(line.substr(at + 8));
      } else if (line.starts_with("[info] ")) {
        if (line.ends_with(" keys read")) keys.all = number(line.substr(7));
        if (line.ends_with(" expires")) keys.expiring = number(line.substr(7));
      }
    }
    return keys;
  }

  static Keys count_stored(Place& place, const fs::path& folder, const Part& part, Work& work) {
    Command command = script(kCount, {});
    PartReader reader(folder, part, work);
    command.feed = [&] { return reader.next(); };
    return keys_of(run_well(place, command, "redis-check-rdb of " + part.file, work));
  }

  bool runs(const Json& spec, Work& work) const {
    if (is_service(spec.at("server"))) return work.services().runs(spec.at("server"));
    Command command = cli(spec, {"ping"}, work);
    command.deadline = 30s;
    const Exit exit = work.children().run(command, nullptr, work.cancel());
    return exit.err.find("Could not connect") == std::string::npos && exit.out.find("Could not connect") == std::string::npos;
  }

  // Of the server where it runs, else of the snapshot that it would start with.
  Keys present_keys(const Stored& stored, Work& work) const {
    const Json &spec = stored.source.spec, &state = stored.source.state;
    if (runs(spec, work)) return keys_of(ask(spec, {"info", "keyspace"}, work));
    const Command command = script(kCountFile, {state.at("folder"), state.at("file")});
    return keys_of(run_well(*place_beside(spec.at("server"), work), command, "redis-check-rdb", work));
  }
};

}  // namespace

std::unique_ptr<Source> make_redis_source() { return std::make_unique<RedisSource>(); }

}  // namespace playbook
