#include "runtime/backup/postgres_archive.h"

#include "runtime/base/text.h"

namespace playbook {
namespace {

constexpr std::string_view kMagic = "PGDMP";

std::string last_line(const std::string& text) {
  std::string last;
  for (const std::string& line : split(text, '\n'))
    if (!trim(line).empty() && !line.starts_with("pg_restore: detail:") && !line.starts_with("Command was:")) last = trim(line);
  return to_utf8(last.empty() ? "it said nothing" : last).substr(0, 500);
}

void expect_success(const Exit& exit, const std::string& program, const std::string& database) {
  if (exit.cancelled) throw Error(Code::cancelled, program + " of " + database + " was cancelled and ended");
  if (exit.status == 0) return;
  if (exit.status == 127)
    throw Error(Code::process_missing, "there is no " + program + " for " + database, "install the PostgreSQL client programs there");
  std::string words = last_line(exit.err);
  bool full = words.find("No space left on device") != std::string::npos || words.find("could not extend file") != std::string::npos;
  throw Error(full ? Code::disk_full : Code::backup_failed, program + " of " + database + " failed: " + words,
              full ? "free space on the disk of the database server, then run `playbook resume`" : "see the log of the server",
              {{"status", exit.status}});
}

Exit run(PostgresServer& server, const PostgresOptions& options, std::vector<std::string> argv, ByteSource feed = nullptr,
         ByteSink output = nullptr) {
  Command command;
  command.argv = std::move(argv);
  command.feed = std::move(feed);
  command.output = std::move(output);
  command.capture_limit = 64 << 10;
  return server.run(command, options);
}

// `pg_dump (PostgreSQL) 15.20 (Debian ...)` -> 15
int major_version(const std::string& text) {
  size_t digit = text.find_first_of("0123456789");
  return digit == std::string::npos ? 0 : std::atoi(text.c_str() + digit);
}

}  // namespace

void dump_database(PostgresServer& server, const PostgresOptions& options, const std::string& snapshot, PartWriter& part) {
  Exit exit = run(server, options, {"pg_dump", "--format=custom", "--compress=0", "--lock-wait-timeout=30000", "--snapshot=" + snapshot},
                  nullptr, [&](std::string_view bytes) { part.write(bytes); });
  expect_success(exit, "pg_dump", server.describe(options.database));
}

void load_database(PostgresServer& server, const PostgresOptions& options, const std::filesystem::path& set, const Part& part, Work& work) {
  PartReader reader(set, part, work);
  Exit exit = run(server, options, {"pg_restore", "--exit-on-error"}, [&] { return reader.next(); });
  expect_success(exit, "pg_restore", server.describe(options.database));
}

void check_archive(PostgresServer* server, const std::filesystem::path& set, const Part& part, Work& work) {
  bool begins_well = false, first = true;
  read_part(set, part, work, [&](std::string_view piece) {
    if (std::exchange(first, false)) begins_well = piece.starts_with(kMagic);
  });
  auto corrupt = [&](const std::string& why) {
    return Error(Code::backup_corrupt, part.file + " is no archive of pg_dump" + why, "take the set from another copy, or use another set");
  };
  if (!begins_well) throw corrupt("");
  try {
    PartReader reader(set, part, work);
    Command list;
    list.argv = {"pg_restore", "--list"};
    list.feed = [&] { return reader.next(); };
    list.output = [](std::string_view) {};
    PostgresOptions options;
    options.cancel = work.cancel();
    Exit exit = server ? server->run(list, options) : work.children().run(list, nullptr, work.cancel());
    // One that is too old, or a container that does not run, tells nothing about the archive.
    bool speaks = exit.err.find("pg_restore: error:") != std::string::npos && exit.err.find("unsupported version") == std::string::npos;
    if (exit.status != 0 && speaks) throw corrupt(": " + last_line(exit.err));
  } catch (const Error& missing) {
    if (missing.code() == Code::backup_corrupt || missing.code() == Code::cancelled) throw;
  }
}

void expect_tools(PostgresServer& server, PostgresSession& session, const PostgresOptions& options) {
  int needed = std::stoi(session.text("select current_setting('server_version_num')")) / 10000;
  for (const char* program : {"pg_dump", "pg_restore"}) {
    Exit exit = run(server, options, {program, "--version"});
    expect_success(exit, program, server.describe(options.database));
    int found = major_version(exit.out);
    if (found < needed)
      throw Error(Code::unsupported,
                  server.describe(options.database) + " is of PostgreSQL " + std::to_string(needed) + ", " + program + " is of " +
                      std::to_string(found),
                  "install the client programs of version " + std::to_string(needed) + ", such as with `apt install postgresql-client-" +
                      std::to_string(needed) + "`");
  }
}

}  // namespace playbook
