#include "tests/playbooks/appstrate/stand_in/database.h"

#include <libpq-fe.h>

#include <memory>

#include "tests/playbooks/appstrate/stand_in/log.h"

namespace stand_in {
namespace {

using Result = std::unique_ptr<PGresult, decltype(&PQclear)>;

void print_notice(void*, const PGresult* notice) {
  auto field = [&](int code) {
    const char* value = PQresultErrorField(notice, code);
    return std::string(value ? value : "");
  };
  log_plain("{\n  severity: \"" + field(PG_DIAG_SEVERITY) + "\",\n  code: \"" + field(PG_DIAG_SQLSTATE) + "\",\n  message: \"" +
            field(PG_DIAG_MESSAGE_PRIMARY) + "\",\n}");
}

void demand_success(const Result& result, PGconn* connection, const std::string& sql) {
  ExecStatusType status = PQresultStatus(result.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return;
  const char* text = PQresultErrorField(result.get(), PG_DIAG_MESSAGE_PRIMARY);
  const char* code = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
  throw PostgresError(text ? text : PQerrorMessage(connection), code ? code : "", sql);
}

}  // namespace

std::string PostgresError::printed() const {
  return "error: Failed query: " + sql + "\nPostgresError: " + what() + "\n  code: \"" + code + "\"";
}

Database::Database(const std::string& url) : connection_(PQconnectdb(url.c_str())) {
  if (PQstatus(connection_) == CONNECTION_OK) {
    PQsetNoticeReceiver(
        connection_, [](void*, const PGresult*) {}, nullptr);
    return;
  }
  std::string text = PQerrorMessage(connection_);
  PQfinish(connection_);
  throw PostgresError(text, "", "connect");
}

Database::~Database() { PQfinish(connection_); }

void Database::show_notices() { PQsetNoticeReceiver(connection_, print_notice, nullptr); }

void Database::execute(const std::string& sql) {
  Result result(PQexec(connection_, sql.c_str()), PQclear);
  demand_success(result, connection_, sql);
}

std::vector<Database::Row> Database::query(const std::string& sql, const std::vector<std::string>& arguments) {
  std::vector<const char*> values;
  for (const std::string& argument : arguments) values.push_back(argument.c_str());
  Result result(PQexecParams(connection_, sql.c_str(), static_cast<int>(values.size()), nullptr, values.data(), nullptr, nullptr, 0),
                PQclear);
  demand_success(result, connection_, sql);
  std::vector<Row> rows(static_cast<size_t>(PQntuples(result.get())));
  for (int row = 0; row < PQntuples(result.get()); ++row)
    for (int column = 0; column < PQnfields(result.get()); ++column)
      if (!PQgetisnull(result.get(), row, column))
        rows[static_cast<size_t>(row)][PQfname(result.get(), column)] = PQgetvalue(result.get(), row, column);
  return rows;
}

}  // namespace stand_in
