// ./dev bench: backups of a PostgreSQL database of some 400 MB, each figure as a ratio to the plain programs that do the same work on the
// same server and file system, in turn with them. The best of each counts, which is what the machine gives when nobody else asks for it.
//   create         what is read, compressed, hashed and synced, to `pg_dump -Fc -Z0 | zstd -3 -T0` with a sync, and to `pg_dump -Fc`
//   fingerprints   the part of it that counts and hashes rows, to the queries alone
//   rehearse       decode, restore into scratch, compare, drop, to zstd, `pg_restore -j2` and the queries
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <stdexcept>

#include "runtime/backup/restore.h"
#include "runtime/backup/verify.h"
#include "runtime/base/file.h"
#include "runtime/database/postgres_fingerprint.h"
#include "tests/support/crash.h"
#include "tests/support/postgres_cluster.h"

namespace fs = std::filesystem;
using namespace playbook;
using namespace playbook::testing;

namespace {

constexpr int kRounds = 3;
constexpr const char* kData = R"(
create table events (id bigserial primary key, at timestamptz not null, kind text, body text, amount numeric);
insert into events(at, kind, body, amount)
  select timestamptz '2026-01-01' + i * interval '1 minute', (array['order','login','error','mail'])[1 + i % 4],
         md5(i::text) || ' ' || repeat(md5((i / 10)::text), 2) || ' for ' || i, (i % 9973) / 100.0
    from generate_series(1, 1300000) i;
create index on events(at);
create table people (id serial primary key, name text, mail text, about jsonb);
insert into people(name, mail, about)
  select 'person ' || i, md5(i::text) || '@example.org', jsonb_build_object('n', i, 'tags', array[md5(i::text), md5((i + 1)::text)])
    from generate_series(1, 500000) i;
)";

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

/// Seconds at which instants were reached.
class Times final : public Faults {
 public:
  void reach(std::string_view instant) override { at[std::string(instant)] = now(); }
  std::map<std::string, double> at;
};

void run(const std::string& command) {
  if (shell("bash -ec 'set -o pipefail; " + command + "'") != 0) throw std::runtime_error(command + " failed");
}

template <typename Act>
double timed(Act act) {
  const double start = now();
  act();
  return now() - start;
}

/// The least of what was measured under a name.
class Table {
 public:
  void note(const std::string& what, double seconds) {
    auto [found, fresh] = least_.emplace(what, seconds);
    if (!fresh) found->second = std::min(found->second, seconds);
  }
  double operator[](const std::string& what) const { return least_.at(what); }
  void row(const char* what, double mine, const char* beside, double theirs, double ratio, const char* goal) const {
    std::printf("%-34s %7.2f s  %-46s %7.2f s  %6.2f   %s\n", what, mine, beside, theirs, ratio, goal);
  }

 private:
  std::map<std::string, double> least_;
};

class Bench {
 public:
  Bench() {
    cluster_.make_database("shop");
    cluster_.run("shop", std::string("set role shop; ") + kData + "analyze");
    std::printf("a database of %s MB\n", cluster_.text("shop", "select pg_database_size('shop') / 1000000").c_str());
  }

  void round() {
    const std::string url = cluster_.url("shop"), out = (folder_.path() / "out").string();
    table_.note("dump", timed([&] { run("pg_dump -Fc -Z0 -d " + url + " | zstd -q -3 -T0 -f -o " + out + ".zst; sync " + out + ".zst"); }));
    table_.note("gzip", timed([&] { run("pg_dump -Fc -d " + url + " -f " + out + ".gz; sync " + out + ".gz"); }));
    table_.note("queries", timed([&] { print("shop"); }));

    Times times;
    Work work = lend(&times);
    const double start = now();
    BackupSet set = create_set(
        {folder_.path() / "backups", "set" + std::to_string(++made_), {}, sources_.check(Json::array({spec()}), "/")}, sources_, work);
    const double whole = now() - start, fingerprints = times.at["backup.snapshot"] - times.at["backup.begun"];
    table_.note("written", times.at["backup.written"] - start - fingerprints);
    table_.note("create", whole - fingerprints);
    table_.note("fingerprints", fingerprints);

    cluster_.make_database("scratch");
    table_.note(
        "restore", timed([&] {
          run("zstd -q -d -f " + out + ".zst -o " + out + ".dump; pg_restore -j2 -d " + cluster_.url("scratch") + " " + out + ".dump");
          print("scratch");
        }));
    cluster_.run("postgres", "drop database scratch");
    fs::remove(out + ".dump");
    Work second = lend(nullptr);
    table_.note("rehearse", timed([&] { rehearse_set(set, set.digest(), sources_, second, Json::object()); }));
    fs::remove_all(set.path());
  }

  void print() const {
    const Table& t = table_;
    t.row("create, without fingerprints", t["create"], "pg_dump -Fc -Z0 | zstd -3 -T0, sync", t["dump"], t["create"] / t["dump"],
          "at most 1.10");
    t.row("  of it before it is read back", t["written"], "the same", t["dump"], t["written"] / t["dump"], "");
    t.row("create, without fingerprints", t["create"], "pg_dump -Fc, sync", t["gzip"], t["gzip"] / t["create"], "1.6 times faster");
    t.row("fingerprints", t["fingerprints"], "their queries", t["queries"], t["fingerprints"] / t["queries"], "at most 1.10");
    t.row("rehearse", t["rehearse"], "zstd -d, pg_restore -j2, the queries", t["restore"], t["rehearse"] / t["restore"], "at most 1.15");
    struct rusage usage {};
    ::getrusage(RUSAGE_SELF, &usage);
    std::printf("%-34s %7.1f MiB\n", "resident memory at most", static_cast<double>(usage.ru_maxrss) / 1024);
  }

 private:
  Json spec() const {
    return {{"type", "postgres"},
            {"name", "shop"},
            {"server", {{"url", "postgresql://shop@127.0.0.1:" + std::to_string(cluster_.port()) + "/shop"}}}};
  }
  Work lend(Faults* faults) {
    Work work(folder_.path() / "scratch", nullptr, faults);
    work.set_surroundings(
        {"bench/1", children_.get(), [this](const Json&) { return make_direct_postgres(cluster_.url("shop"), *children_); }});
    return work;
  }
  void print(const std::string& database) { fingerprint(*make_direct_postgres(cluster_.url(database), *children_)->connect({})); }

  PostgresCluster& cluster_ = postgres_cluster();
  std::unique_ptr<Children> children_ = make_children({PLAYBOOK_BINARY_DIR "/playbook-guardian", -1});
  TempFolder folder_;
  SourceRegistry sources_;
  Table table_;
  int made_ = 0;
};

}  // namespace

int main() {
  Bench bench;
  for (int i = 0; i < kRounds; ++i) bench.round();
  bench.print();
}
