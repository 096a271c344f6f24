#include "runtime/primitives/keys_stored.h"

#include "runtime/backup/mongodump_archive.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/primitives/backup.h"
#include "runtime/primitives/compose.h"
#include "runtime/primitives/keys_pglite.h"
#include "runtime/primitives/postgres.h"

namespace playbook {
namespace {

constexpr std::chrono::minutes kLinesDeadline{10};

std::string type_of(const Json& stored) {
  return get_or<Json>(stored, "type", "").is_string() ? get_or<std::string>(stored, "type", "") : "";
}

std::vector<std::string> strings(const Json& stored, const char* name, const char* such_as) {
  const Json list = get_or<Json>(stored, name, Json::array());
  bool fits = list.is_array() && !list.empty();
  for (const Json& item : list) fits = fits && item.is_string();
  if (!fits) throw Error(Code::argument_invalid, std::string("keyring: stored.") + name + " must be a list of names, such as " + such_as);
  return list;
}

std::vector<std::string> columns_of(const Json& stored) { return strings(stored, "columns", "\"*.*_encrypted\""); }
std::vector<std::string> fields_of(const Json& stored) { return strings(stored, "fields", "\"datasource.authentication.password\""); }

// Counts, and now and then looks whether to stop.
class Pace {
 public:
  explicit Pace(Context& context) : context_(context) {}
  void step() {
    if (++count_ % 500 != 0) return;
    context_.cancel().check();
    context_.progress(count_, std::nullopt, "rows");
  }

 private:
  Context& context_;
  std::uint64_t count_ = 0;
};

void read_dump(Context& context, const Json& stored, const StoredValueSink& sink) {
  const std::vector<std::string> fields = fields_of(stored);
  Pace pace(context);
  read_mongodump_file(
      context.resolve(stored.at("path")),
      [&](const MongodumpCollection& collection, std::string_view bson) {
        pace.step();
        for (const std::string& field : fields) {
          if (!field.starts_with(collection.name + ".")) continue;
          if (std::optional<std::string> text = bson_text(bson, field.substr(collection.name.size() + 1)))
            sink({field, bson_id(bson), *text});
        }
      },
      &context.cancel());
}

// The application's own tool reads its database, with its own password.
void read_lines(Context& context, const Json& stored, const StoredValueSink& sink) {
  Command command;
  command.argv = strings(stored, "command", "\"appsmithctl\"");
  command.deadline = kLinesDeadline;
  Pace pace(context);
  JsonLines lines([&](const Json& value) {
    const std::string place = get_or<std::string>(value, "place", ""), id = get_or<std::string>(value, "id", "");
    pace.step();
    sink({place, id, get_or<std::string>(value, "text", "")});
  });
  command.output = [&](std::string_view bytes) { lines.write(bytes); };
  const std::string service = stored.at("service");
  const Exit exit = open_service_place(context, stored.at("project"), service)->run(command, nullptr, &context.cancel());
  lines.finish();
  context.cancel().check();
  if (exit.status != 0 || exit.timed_out)
    throw Error(Code::process_failed, command.argv[0] + " in " + service + " cannot read what is stored: " +
                                          (exit.timed_out ? "it did not end in time" : context.redactor().apply(last_words(exit))));
}

}  // namespace

void check_stored(const Json& stored) {
  if (stored.is_null()) return;
  if (type_of(stored) == "postgres" && stored.contains("server"))
    columns_of(stored);
  else if (type_of(stored) == "pglite" && get_or<Json>(stored, "path", nullptr).is_string())
    columns_of(stored);
  else if (type_of(stored) == "mongodump" && get_or<Json>(stored, "path", nullptr).is_string())
    fields_of(stored);
  else if (type_of(stored) == "lines" && stored.contains("project") && get_or<Json>(stored, "service", nullptr).is_string())
    strings(stored, "command", "\"appsmithctl\"");
  else
    throw Error(Code::argument_invalid,
                "keyring: stored must be {type=\"postgres\", server=, columns=}, {type=\"mongodump\", path=, fields=}, "
                "{type=\"pglite\", path=, columns=} or {type=\"lines\", project=, service=, command=}");
}

std::vector<std::string> stored_touches(Context& context, const Json& stored) {
  if (stored.is_null()) return {};
  if (type_of(stored) == "lines") return {project_thing(context, stored)};
  if (type_of(stored) == "mongodump" || type_of(stored) == "pglite") return {"file:" + context.resolve(stored.at("path")).string()};
  return postgres_touches(check_postgres_server(stored.at("server"), context.instance()));
}

PlaceCounts read_stored(Context& context, const Json& stored, const StoredValueSink& sink) {
  if (stored.is_null()) return {};
  if (type_of(stored) == "mongodump" || type_of(stored) == "lines") {
    (type_of(stored) == "lines" ? read_lines : read_dump)(context, stored, sink);
    return {};
  }
  if (type_of(stored) == "pglite") {
    Work work = work_of(context);
    return read_pglite(context, stored, work, sink);
  }
  auto server = open_postgres(context, stored.at("server"));
  return read_stored(context, *server->connect(postgres_options(context)), stored, sink);
}

PlaceCounts read_stored(Context& context, PostgresSession& session, const Json& stored, const StoredValueSink& sink) {
  Pace pace(context);
  return read_columns(session, {columns_of(stored), get_or<std::uint64_t>(stored, "sample", 0)}, [&](const StoredValue& value) {
    sink(value);
    pace.step();
  });
}

}  // namespace playbook
