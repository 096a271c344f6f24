#include "runtime/database/postgres_rows.h"

#include "runtime/base/text.h"

namespace playbook {
namespace {

constexpr std::int64_t kExactInteger = std::int64_t{1} << 53;  // beyond it a number in Lua or JSON loses digits

// `0.30` and `0.3` have the same: what is left without sign, point, exponent and zeros at the ends.
std::string significant_digits(std::string_view number) {
  std::string digits;
  for (char c : number.substr(0, number.find_first_of("eE")))
    if (c >= '0' && c <= '9' && !(digits.empty() && c == '0')) digits += c;
  digits.erase(digits.find_last_not_of('0') + 1);
  return digits;
}

// Builds a value from nlohmann's events: the only way there that shows how a number was written.
class ExactReader final : public nlohmann::json_sax<Json> {
 public:
  Json take() { return std::move(root_); }

  bool null() override { return put(nullptr); }
  bool boolean(bool value) override { return put(value); }
  bool number_integer(std::int64_t value) override { return put(value < -kExactInteger ? Json(std::to_string(value)) : Json(value)); }
  bool number_unsigned(std::uint64_t value) override {
    return put(value > static_cast<std::uint64_t>(kExactInteger) ? Json(std::to_string(value)) : Json(value));
  }
  bool number_float(double value, const std::string& written) override {
    return put(significant_digits(written) == significant_digits(Json(value).dump()) ? Json(value) : Json(written));
  }
  bool string(std::string& value) override { return put(value); }
  bool binary(Json::binary_t&) override { return false; }
  bool start_object(size_t) override { return open(Json::object()); }
  bool start_array(size_t) override { return open(Json::array()); }
  bool end_object() override { return open_.pop_back(), true; }
  bool end_array() override { return open_.pop_back(), true; }
  bool key(std::string& name) override { return keys_ = name, true; }
  bool parse_error(size_t, const std::string&, const nlohmann::detail::exception&) override { return false; }

 private:
  Json& place(Json value) {
    if (open_.empty()) return root_ = std::move(value);
    Json& into = *open_.back();
    if (into.is_object()) return into[keys_] = std::move(value);
    into.push_back(std::move(value));
    return into.back();
  }
  bool put(Json value) { return place(std::move(value)), true; }
  bool open(Json empty) { return open_.push_back(&place(std::move(empty))), true; }

  Json root_;
  std::vector<Json*> open_;  // only the last one grows, so the others stay where they are
  std::string keys_;
};

Json exact_json(const std::string& text) {
  ExactReader reader;
  if (!Json::sax_parse(text, &reader)) throw Error(Code::internal, "PostgreSQL gave a row that is no JSON");
  return reader.take();
}

std::string literal_of(const Json& arg) {
  if (arg.is_null()) return "null";
  if (arg.is_string()) return sql_literal(arg.get<std::string>());
  if (arg.is_boolean() || arg.is_number()) return sql_literal(arg.dump());
  throw Error(Code::argument_invalid, "an argument of SQL must be a string, number, bool or null, found a " + std::string(arg.type_name()));
}

std::string without_semicolon(std::string_view sql) {
  sql = trim(sql);
  while (sql.ends_with(';')) sql = trim(sql.substr(0, sql.size() - 1));
  return std::string(sql);
}

}  // namespace

// The query travels as a literal into a DO block that prepares it: there it reaches none of psql's own commands, cannot end the
// transaction, and its parameters get their types from where they stand. That it changes nothing is the server's word: the transaction
// reads only. A superuser's query could still write files there; SQL of a playbook is trusted as its Lua is.
Json query_rows(PostgresSession& session, const std::string& sql, const Json& args, size_t limit) {
  std::string query = without_semicolon(sql), values;
  if (query.empty()) throw Error(Code::argument_invalid, "there is no SQL statement in \"" + sql + "\"");
  for (const Json& arg : args) values += (values.empty() ? "" : ", ") + literal_of(arg);
  std::string prepare = "prepare playbook_query as select row_to_json(playbook_row)::text from (\n" + query + "\n) as playbook_row limit " +
                        std::to_string(limit + 1);
  session.query("begin isolation level repeatable read read only");
  session.query("do " + sql_literal("begin execute " + sql_literal(prepare) + "; end"));
  PostgresRows found = session.query("execute playbook_query" + (values.empty() ? "" : "(" + values + ")"));
  session.query("rollback");
  session.query("deallocate playbook_query");
  if (found.size() > limit)
    throw Error(Code::postgres_failed, session.server() + ": the query gives more than " + std::to_string(limit) + " rows",
                "ask for less, such as with `limit`, `count(*)` or a condition");
  Json rows = Json::array();
  for (const PostgresRow& row : found) rows.push_back(exact_json(row.at(0).value_or("null")));
  return rows;
}

}  // namespace playbook
