// sqlite.swap: rows of names and values, all or none, and only from what is expected.
#include "runtime/base/error.h"
#include "runtime/database/sqlite.h"
#include "tests/support/catch.h"
#include "tests/support/crash.h"
#include "tests/support/primitive_fixture.h"

using namespace playbook;
using namespace playbook::testing;

namespace {

struct Site : PrimitiveFixture {
  Site() {
    execute(
        "pragma journal_mode = wal; create table state (\"key\" text collate nocase primary key, \"value\" text collate nocase, "
        "updated text not null default current_timestamp); insert into state(\"key\", \"value\") values ('core', '{A}'), ('pre', '{P}')");
  }
  void execute(const std::string& sql) const { Sqlite(instance / "site.db", Sqlite::Mode::create).script(sql); }
  std::string rows() const {
    return Sqlite(instance / "site.db", Sqlite::Mode::read)
        .scalar("select group_concat(key || '=' || value, ' ') from state")
        .get<std::string>();
  }
  static Json args(const Json& rows) { return {{"path", "site.db"}, {"table", "state"}, {"rows", rows}}; }
};

const Json kBoth = {{{"key", "core"}, {"from", "{A}"}, {"to", "{B}"}}, {{"key", "pre"}, {"from", "{P}"}}, {{"key", "new"}, {"to", "n"}}};

}  // namespace

TEST_CASE("rows are changed, added and taken away together, and a second time nothing is to be done") {
  Site site;
  CHECK(site.call("sqlite.swap", Site::args(kBoth)) == true);
  CHECK(site.rows() == "core={B} new=n");
  CHECK(site.call("sqlite.swap", Site::args(kBoth)) == false);
  CHECK(site.rows() == "core={B} new=n");
}

TEST_CASE("a row that is not byte for byte as expected leaves all rows as they are") {
  struct Case {
    Json row;
    std::string differs;
  };
  const std::vector<Case> cases{{{{"key", "pre"}, {"from", "{p}"}, {"to", "x"}}, "pre is {P}, not {p}"},
                                {{{"key", "none"}, {"from", "{P}"}, {"to", "x"}}, "none is not there, not {P}"},
                                {{{"key", "pre"}, {"to", "x"}}, "pre is {P}, not away"}};
  for (const Case& one : cases) {
    INFO(one.differs);
    Site site;
    Error error = error_of([&] { site.call("sqlite.swap", Site::args({{{"key", "core"}, {"from", "{A}"}, {"to", "{B}"}}, one.row})); });
    CHECK(error.code() == Code::drift);
    CHECK(error.message() == (site.instance / "site.db").string() + ": \"state\" " + one.differs);
    CHECK(site.rows() == "core={A} pre={P}");
  }
}

TEST_CASE("a database that another writes to is waited for, and then refused unchanged") {
  Site site;
  Elsewhere writer([&] {
    static Sqlite held(site.instance / "site.db", Sqlite::Mode::write);
    held.script("begin immediate");
  });
  CHECK(error_of([&] { site.call("sqlite.swap", Site::args(kBoth)); }).code() == Code::sqlite_locked);
  CHECK(site.rows() == "core={A} pre={P}");
}

TEST_CASE("a swap that is killed at any instant is found to be done or not done, and undone whole") {
  for (size_t instant = 0; instant < 3; ++instant) {
    INFO(instant);
    Site site;
    ChildEnd end = in_child([&] {
      KillingFaults faults(instant);
      site.environment.faults = &faults;
      site.call("sqlite.swap", Site::args(kBoth));
    });
    CHECK(end.killed == (instant < 2));
    site.begin("sqlite.swap", Site::args(kBoth));
    CHECK((site.probe().state == Probe::State::done) == (instant > 0));
    site.undo();
    CHECK(site.rows() == "core={A} pre={P}");
    site.undo();
    CHECK(site.rows() == "core={A} pre={P}");
    CHECK(site.drift() == std::optional((site.instance / "site.db").string() + ": \"state\" core is {A}, not {B}"));
  }
}
