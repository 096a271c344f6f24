#include "tests/support/matrix/shop.h"

#include <cstdlib>
#include <stdexcept>

#include "runtime/base/file.h"
#include "runtime/base/json.h"
#include "runtime/database/sqlite.h"
#include "runtime/http/http.h"

namespace playbook::testing {
namespace {

namespace fs = std::filesystem;

void shell(const std::string& command) {
  if (std::system(command.c_str()) != 0) throw std::runtime_error(command + " failed");
}

void lay_out_shop(const fs::path& instance) {
  shell(std::string(PLAYBOOK_SOURCE_DIR) + "/playbooks/demo/app/new --rows 40 " + instance.string());
  shell(instance.string() + "/ctl start > /dev/null");
}

std::string setting(const fs::path& instance, const std::string& name) {
  std::string text = "\n" + try_read_file(instance / ".env").value_or("");
  size_t at = text.find("\n" + name + "=");
  if (at == std::string::npos) return "";
  at += name.size() + 2;
  return text.substr(at, text.find('\n', at) - at);
}

/// What it answers, "" when it does not.
std::string running_version(const fs::path& instance) {
  try {
    HttpResponse answer = make_http_client()->send({.url = "http://127.0.0.1:" + setting(instance, "DEMO_PORT") + "/health"});
    return answer.status == 200 ? parse_json(answer.body, "/health").at("version").get<std::string>() : std::to_string(answer.status);
  } catch (const Error&) {
    return "";
  }
}

std::string judge_shop(const fs::path& instance) {
  // The sum that 40 orders of playbooks/demo/app/new have, told by the database of a shop that nothing happened to.
  static const Json kUntouched{{"n", 40}, {"cents", 481'816}};
  Json row =
      Sqlite(instance / "data/app.db", Sqlite::Mode::read)
          .query("select (select user_version from pragma_user_version) as schema, count(*) as n, sum(amount_cents) as cents from orders")
          .at(0);
  bool kept = row["n"] == kUntouched["n"] && row["cents"] == kUntouched["cents"];
  std::string set = setting(instance, "DEMO_VERSION"), runs = running_version(instance);
  if (kept && row["schema"] == 1 && set == "1.0" && runs == "1.0") return "old";
  if (kept && row["schema"] == 2 && set == "1.1" && runs == "1.1") return "new";
  return "set to " + set + ", runs " + runs + ", data " + row.dump();
}

}  // namespace

Scenario shop_upgrade(const std::string& version) {
  Scenario scenario;
  scenario.name = "demo/upgrade to " + version;
  scenario.playbook = "demo/upgrade";
  scenario.params = {{"to", version}};
  scenario.prepare = lay_out_shop;
  scenario.judge = judge_shop;
  scenario.clean = [](const fs::path& instance) { shell(instance.string() + "/ctl stop > /dev/null"); };
  return scenario;
}

}  // namespace playbook::testing
