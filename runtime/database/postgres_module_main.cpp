// libplaybook-postgres.so: see postgres_module.h.
#include <libpq-fe.h>

#include <pqxx/pqxx>

#include "runtime/database/postgres_module.h"

namespace playbook {
namespace {

// libpqxx 6 would reconnect silently and lose the transaction; 7 never does.
void stay_connected_or_fail(pqxx::connection& connection) {
#if PQXX_VERSION_MAJOR < 7
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  connection.inhibit_reactivation(true);
#pragma GCC diagnostic pop
  connection.set_verbosity(pqxx::connection::verbose);
#else
  connection.set_verbosity(pqxx::error_verbosity::verbose);
#endif
}

class Link final : public PostgresLink {
 public:
  explicit Link(const std::string& connection) : connection_(connection) { stay_connected_or_fail(connection_); }

  std::variant<PostgresRows, PostgresFailure> ask(const std::string& sql) override try {
    pqxx::nontransaction statement(connection_);
    const pqxx::result result = statement.exec(sql);
    PostgresRows rows;
    for (const auto& row : result) {
      PostgresRow& values = rows.emplace_back();
      for (const auto& field : row)
        values.push_back(field.is_null() ? std::nullopt : std::optional<std::string>({field.c_str(), field.size()}));
    }
    return rows;
  } catch (const pqxx::broken_connection& lost) {
    return PostgresFailure{"", lost.what(), true};
  } catch (const std::exception& refused) {
    return failure(refused.what());
  }

  void cancel() override {
    try {
      connection_.cancel_query();
    } catch (const std::exception&) {
      // the server is gone, or the statement has ended: either way it will not run on
    }
  }

 private:
  // `ERROR:  42P01: relation "x" does not exist`: from the text, because libpqxx 6 drops the SQLSTATE of some kinds.
  PostgresFailure failure(std::string message) const {
    PostgresFailure found{"", "", !connection_.is_open()};
    size_t at = message.find(":  ");
    if (at != std::string::npos && message.substr(at + 8, 2) == ": ") {
      found.sqlstate = message.substr(at + 3, 5);
      message.erase(0, at + 10);
    }
    found.message = std::move(message);
    return found;
  }

  pqxx::connection connection_;
};

// As libpq reads it in a connection string.
std::string quoted(const std::string& value) {
  std::string text = "'";
  for (char c : value) text += (c == '\'' || c == '\\' ? "\\" : "") + std::string(1, c);
  return text + "'";
}

class Module final : public PostgresModule {
 public:
  std::variant<PostgresKeywords, PostgresFailure> parse(const std::string& connection) const override {
    char* problem = nullptr;
    std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(PQconninfoParse(connection.c_str(), &problem), &PQconninfoFree);
    std::unique_ptr<char, decltype(&PQfreemem)> freed(problem, &PQfreemem);
    if (!options) return PostgresFailure{"", problem ? problem : "out of memory", false};
    PostgresKeywords keywords;
    for (const PQconninfoOption* option = options.get(); option->keyword; ++option)
      if (option->val) keywords[option->keyword] = option->val;
    return keywords;
  }

  std::variant<std::unique_ptr<PostgresLink>, PostgresFailure> connect(const PostgresKeywords& keywords) const override try {
    std::string connection;
    for (const auto& [keyword, value] : keywords) connection += keyword + "=" + quoted(value) + " ";
    return std::make_unique<Link>(connection);
  } catch (const std::exception& refused) {
    return PostgresFailure{"", refused.what(), true};
  }
};

}  // namespace
}  // namespace playbook

extern "C" __attribute__((visibility("default"))) const playbook::PostgresModule& playbook_postgres_module_1();
extern "C" const playbook::PostgresModule& playbook_postgres_module_1() {
  static const playbook::Module module;
  return module;
}
