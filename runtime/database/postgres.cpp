#include "runtime/database/postgres.h"

#include <algorithm>
#include <functional>

#include "runtime/base/hash.h"
#include "runtime/base/text.h"

namespace playbook {
namespace {

constexpr int kOldestServer = 110000;  // hashtextextended, and psql's :SQLSTATE

// A parameter that this server does not know is passed over: some came with later versions.
constexpr const char* kPins = R"(
select set_config(name, value, false)
  from (values ('TimeZone', 'UTC'), ('DateStyle', 'ISO, MDY'), ('IntervalStyle', 'postgres'), ('extra_float_digits', '3'),
               ('bytea_output', 'hex'), ('lc_monetary', 'C'), ('xmlbinary', 'base64'), ('quote_all_identifiers', 'off'),
               ('standard_conforming_strings', 'on'), ('row_security', 'off'), ('idle_in_transaction_session_timeout', '0'),
               ('transaction_timeout', '0'), ('default_transaction_isolation', 'read committed'), ('client_connection_check_interval', '2s'))
       as pins (name, value)
 where exists (select from pg_catalog.pg_settings where pg_settings.name = pins.name))";

struct Known {
  std::string_view sqlstate;  // or its first two letters, the class
  Code code;
  std::string_view hint;
};

// The first that fits.
constexpr Known kKnown[] = {
    {"25006", Code::postgres_failed, "only reading is allowed here"},
    {"28", Code::postgres_failed, "check user and password, and that pg_hba.conf lets this user in"},
    {"3D000", Code::postgres_failed, "check the name of the database"},
    {"42501", Code::postgres_failed, "use a role that may do this, such as the owner of the database"},
    {"53100", Code::disk_full, "free space on the disk of the database server"},
    {"53300", Code::postgres_failed, "all connections of the server are taken; stop what holds them, or raise max_connections"},
    {"55006", Code::postgres_locked, "stop what uses it"},
    {"55P03", Code::postgres_locked, "see who holds the lock: select * from pg_stat_activity where wait_event_type = 'Lock'"},
    {"40P01", Code::postgres_locked, "another session wanted the same rows in another order; try again when the writers are stopped"},
    {"57014", Code::timeout, "ask for less, or allow it more time"},
    {"57P01", Code::postgres_failed, "somebody ended the session or stopped the server; see the server's log"},
    {"57P03", Code::postgres_failed, "the server is starting or stopping; try again once it is up"},
};

// What a failed connection says: libpq gives no SQLSTATE there.
struct Phrase {
  std::string_view text, sqlstate, hint;
};

constexpr Phrase kPhrases[] = {
    {"password authentication failed", "28P01", ""},
    {"no password supplied", "28P01", ""},
    {"no pg_hba.conf entry", "28000", ""},
    {"Peer authentication failed", "28000", ""},
    {"role \"", "28000", ""},
    {"database \"", "3D000", ""},
    {"too many clients", "53300", ""},
    {"remaining connection slots", "53300", ""},
    {"starting up", "57P03", ""},
    {"shutting down", "57P03", ""},
    {"terminating connection due to administrator", "57P01", ""},
    {"could not translate host name", "", "check the host's name, and that this machine can resolve it"},
    {"Connection refused", "", "check that the server runs and listens there"},
    {"No such file or directory", "", "check that the server runs and listens there"},
    {"timeout expired", "", "check the address, and that no firewall drops the connection"},
    {"closed the connection unexpectedly", "", "the server went away; see its log, and whether memory ran out there"},
    {"could not connect", "", "check that the server runs and listens there"},
};

constexpr const char* kDetails[] = {"LINE ", "DETAIL:", "HINT:", "QUERY:", "CONTEXT:", "LOCATION:"};

// `ERROR:  relation "x" does not exist\nLINE 1: ...` without what is around it.
std::string first_words(std::string_view message) {
  for (std::string_view level : {"ERROR:  ", "FATAL:  ", "PANIC:  "})
    if (size_t at = message.find(level); at != std::string_view::npos) message.remove_prefix(at + level.size());
  message = trim(message);
  for (std::string_view program : {"psql: error: ", "psql: "})
    if (message.starts_with(program)) message.remove_prefix(program.size());
  std::string text;
  for (const std::string& line : split(message, '\n')) {
    if (std::any_of(std::begin(kDetails), std::end(kDetails), [&](const char* word) { return line.starts_with(word); })) break;
    text += (text.empty() ? "" : " ") + std::string(trim(line));
  }
  return to_utf8(text).substr(0, 500);
}

}  // namespace

Error postgres_error(const PostgresFailure& failure, const std::string& server) {
  std::string sqlstate = failure.sqlstate, words = first_words(failure.message);
  std::string_view hint = failure.gone ? "check that the server runs and can be reached" : "";
  if (sqlstate.empty())
    for (const Phrase& phrase : kPhrases)
      if (words.find(phrase.text) != std::string::npos) {
        sqlstate = phrase.sqlstate;
        if (!phrase.hint.empty()) hint = phrase.hint;
        break;
      }
  Code code = Code::postgres_failed;
  for (const Known& known : kKnown)
    if (sqlstate.starts_with(known.sqlstate)) {
      code = known.code, hint = known.hint;
      break;
    }
  Json details = sqlstate.empty() ? Json(nullptr) : Json{{"sqlstate", sqlstate}};
  return {code, server + ": " + (words.empty() ? "the connection was lost" : words), std::string(hint), std::move(details)};
}

PostgresRows PostgresSession::query(const std::string& sql) {
  if (cancel_) cancel_->check();
  auto answer = ask(sql);
  if (auto* rows = std::get_if<PostgresRows>(&answer)) return std::move(*rows);
  if (cancel_) cancel_->check();  // what was asked to stop fails with whatever the server made of it
  throw postgres_error(std::get<PostgresFailure>(answer), server_);
}

std::optional<std::string> PostgresSession::value(const std::string& sql) {
  PostgresRows rows = query(sql);
  return rows.empty() || rows[0].empty() ? std::nullopt : std::move(rows[0][0]);
}

std::string PostgresSession::text(const std::string& sql) {
  std::optional<std::string> found = value(sql);
  if (!found) throw Error(Code::postgres_failed, server_ + ": no answer to \"" + sql.substr(0, 80) + "\"");
  return std::move(*found);
}

std::string application_name(const std::string& action) {
  constexpr size_t kLongest = 63, kDigest = 16;  // NAMEDATALEN of a server as it is shipped, less its last NUL
  auto is_plain = [](char c) { return c >= ' ' && c <= '~'; };
  if (action.size() <= kLongest && std::all_of(action.begin(), action.end(), is_plain)) return action;
  std::string run = action.substr(0, std::min(action.find('/'), kLongest - kDigest - 1));
  std::replace_if(run.begin(), run.end(), std::not_fn(is_plain), '?');
  return run + "/" + sha256(action).substr(0, kDigest);
}

void pin_session(PostgresSession& session, const PostgresOptions& options) {
  std::string version = session.text("select current_setting('server_version_num')");
  if (std::stoi(version) < kOldestServer)
    throw Error(Code::unsupported,
                session.server() + ": PostgreSQL " + session.text("select current_setting('server_version')") + " is too old",
                "versions from 11 on are supported");
  session.query(kPins);
  auto set = [&](const char* name, const std::string& value) {
    session.query("select set_config(" + sql_literal(name) + ", " + sql_literal(value) + ", false)");
  };
  set("application_name", application_name(options.application));
  set("statement_timeout", std::to_string(options.statement.count()));
  set("lock_timeout", std::to_string(options.lock.count()));
  if (!options.writes) set("default_transaction_read_only", "on");
}

void end_sessions_of(PostgresSession& session, const std::string& application) {
  if (application.empty()) return;
  session.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = " +
                sql_literal(application_name(application)) + " and pid <> pg_backend_pid()");
}

std::string sql_literal(std::string_view text) {
  if (text.find('\0') != std::string_view::npos || !is_utf8(text))
    throw Error(Code::argument_invalid, "text with a NUL byte, or not UTF-8, cannot be given to PostgreSQL");
  std::string quoted = "'";
  for (char c : text) quoted += c == '\'' ? std::string("''") : std::string(1, c);
  return quoted + "'";
}

std::string sql_name(std::string_view name) {
  std::string quoted = "\"";
  for (char c : name) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

}  // namespace playbook
