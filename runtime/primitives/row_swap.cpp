#include "runtime/primitives/row_swap.h"

#include "runtime/base/error.h"

namespace playbook {

bool SwapTable::stand(const std::vector<SwapRow>& rows, SwapSide side) { return !difference(rows, side); }

std::optional<std::string> SwapTable::difference(const std::vector<SwapRow>& rows, SwapSide side) {
  for (const SwapRow& row : rows)
    if (std::optional<std::string> found = present(row.key); found != row.*side)
      return name_of(row.key) + " is " + found.value_or("not there") + ", not " + (row.*side).value_or("away");
  return std::nullopt;
}

void SwapTable::demand(const std::vector<SwapRow>& rows, SwapSide side) {
  if (std::optional<std::string> differs = difference(rows, side))
    throw Error(Code::drift, *differs, "look who changed it, and ask again with what is there now");
}

Json RowSwap::run(Context& context, const Json& args, const Json&) {
  const std::vector<SwapRow> rows = rows_of(args);
  auto table = open(context, args, true);
  if (table->stand(rows, &SwapRow::to)) return false;
  table->carry(context, rows, &SwapRow::from, &SwapRow::to);
  return true;
}

void RowSwap::undo(Context& context, const Record& record) {
  const std::vector<SwapRow> rows = rows_of(record.args);
  auto table = open(context, record.args, true);
  if (!table->stand(rows, &SwapRow::from)) table->carry(context, rows, &SwapRow::to, &SwapRow::from);
}

Probe RowSwap::probe(Context& context, const Record& record) {
  const std::vector<SwapRow> rows = rows_of(record.args);
  auto table = open(context, record.args, false);
  if (table->stand(rows, &SwapRow::to)) return {Probe::State::done, true, ""};
  if (table->stand(rows, &SwapRow::from)) return {Probe::State::not_done, nullptr, ""};
  return {Probe::State::unknown, nullptr, *table->difference(rows, &SwapRow::to), false};
}

std::optional<std::string> RowSwap::drift(Context& context, const Record& record) {
  return open(context, record.args, false)->difference(rows_of(record.args), &SwapRow::to);
}

Planned RowSwap::plan(Context& context, const Json& args) {
  const std::vector<SwapRow> rows = rows_of(args);
  Planned planned;
  planned.text = "change " + std::to_string(rows.size()) + " rows of " + args.at("table").get<std::string>() + " in " + where(args);
  for (const SwapRow& row : rows)
    planned.text += "\n" + row.key + ": " + row.from.value_or("(not there)") + " -> " + row.to.value_or("(away)");
  planned.predicted = true;
  planned.result = !open(context, args, false)->stand(rows, &SwapRow::to);
  return planned;
}

std::vector<Parameter> RowSwap::swap_parameters(Parameter database) {
  return {std::move(database),
          {.name = "table", .type = Type::string, .help = "its name", .required = true},
          {.name = "rows",
           .type = Type::list,
           .help = "{key=, from=?, to=?}: no from: there is none yet; no to: it goes away",
           .required = true},
          {.name = "key", .type = Type::string, .help = "column of the names", .fallback = "key"},
          {.name = "value", .type = Type::string, .help = "column of the values, which are text and no secrets", .fallback = "value"}};
}

std::vector<SwapRow> RowSwap::rows_of(const Json& args) const {
  const std::string& name = declaration().name;
  std::vector<SwapRow> rows;
  for (const Json all = args.at("rows"); const Json& row : all) {
    auto text = [&](const char* member) -> std::optional<std::string> {
      if (!row.contains(member) || row[member].is_null()) return std::nullopt;
      if (!row[member].is_string()) throw Error(Code::argument_invalid, name + ": " + member + " of a row must be a string");
      return row[member].get<std::string>();
    };
    if (!row.is_object() || !text("key")) throw Error(Code::argument_invalid, name + ": each row needs a key");
    rows.push_back({*text("key"), text("from"), text("to")});
  }
  if (rows.empty()) throw Error(Code::argument_invalid, name + ": rows is empty");
  return rows;
}

}  // namespace playbook
