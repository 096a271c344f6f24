#include "runtime/backup/postgres_archive.h"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <thread>

#include "runtime/backup/source.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace playbook {
namespace {

constexpr std::string_view kMagic = "PGDMP";
constexpr std::uint64_t kWorthJobs = 32u << 20;
constexpr unsigned kMostJobs = 4;

// With as much again to spare: the scratch is no reason to fill a disk.
bool has_room(std::filesystem::path folder, std::uint64_t bytes) {
  std::error_code error;
  while (!std::filesystem::exists(folder, error) && folder.has_relative_path()) folder = folder.parent_path();
  const auto space = std::filesystem::space(folder, error);
  return !error && space.available / 2 > bytes;
}

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

// The bytes of a file, piece by piece.
class FilePieces {
 public:
  FilePieces(const std::filesystem::path& file, Work& work) : path_(file), work_(work), stream_(file, std::ios::binary) {
    if (!stream_) throw system_error(errno, "cannot open " + file.string());
  }
  std::string_view next() {
    stream_.read(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
    if (stream_.bad()) throw Error(Code::file_failed, "cannot read " + path_.string());
    const auto count = static_cast<size_t>(stream_.gcount());
    work_.advance(count);
    return {buffer_.data(), count};
  }

 private:
  std::filesystem::path path_;
  Work& work_;
  std::ifstream stream_;
  std::string buffer_ = std::string(256 << 10, '\0');
};

// True for a line that reaches beyond the database that is connected. Data of COPY begins with a backslash only in its own escapes.
bool leaves_database(std::string line) {
  if (line.starts_with('\\')) return line.find_first_of("bfnrtvN\\.", 1) != 1 && !line.starts_with("\\unrestrict ");
  std::transform(line.begin(), line.end(), line.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  for (const char* verb : {"CREATE ", "DROP ", "ALTER "})
    for (const char* object : {"DATABASE ", "ROLE ", "USER ", "TABLESPACE "})
      if (line.starts_with(std::string(verb) + object))
        return !line.starts_with("CREATE USER MAPPING") && !line.starts_with("ALTER USER MAPPING");
  return false;
}

void expect_one_database(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw system_error(errno, "cannot open " + file.string());
  std::string line;
  for (std::uint64_t number = 1; std::getline(stream, line); ++number)
    if (leaves_database(line))
      throw Error(
          Code::unsupported,
          file.string() + ":" + std::to_string(number) + ": \"" + to_utf8(trim(line)).substr(0, 80) + "\" is of more than one database",
          "dump the one database, without --create: `pg_dump --format=custom DATABASE`");
}

}  // namespace

void dump_database(PostgresServer& server, const PostgresOptions& options, const std::string& snapshot, PartWriter& part) {
  Exit exit = run(server, options, {"pg_dump", "--format=custom", "--compress=0", "--lock-wait-timeout=30000", "--snapshot=" + snapshot},
                  nullptr, [&](std::string_view bytes) { part.write(bytes); });
  expect_success(exit, "pg_dump", server.describe(options.database));
}

void load_database(PostgresServer& server, const PostgresOptions& options, const std::filesystem::path& set, const Part& part, Work& work) {
  const std::string jobs = std::to_string(std::clamp(std::thread::hardware_concurrency(), 1u, kMostJobs));
  if (server.runs_here() && part.bytes >= kWorthJobs && has_room(work.scratch(), part.bytes)) {
    ScratchFile archive(work, part.source + ".dump");  // several jobs read several places of it, which a pipe does not have
    extract_part(set, part, work, archive.path(), Durable::no);
    Exit exit = run(server, options, {"pg_restore", "--exit-on-error", "--jobs=" + jobs, archive.path()});
    return expect_success(exit, "pg_restore", server.describe(options.database));
  }
  PartReader reader(set, part, work);
  Exit exit = run(server, options, {"pg_restore", "--exit-on-error"}, [&] { return reader.next(); });
  expect_success(exit, "pg_restore", server.describe(options.database));
}

bool is_archive(const std::filesystem::path& file) { return begins_with(file, std::string(kMagic)); }

void load_dump(PostgresServer& server, const PostgresOptions& options, const std::filesystem::path& file, Work& work) {
  const bool archive = is_archive(file);
  if (!archive) expect_one_database(file);
  FilePieces pieces(file, work);
  std::vector<std::string> program =
      archive ? std::vector<std::string>{"pg_restore", "--exit-on-error"}
              : std::vector<std::string>{"psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--output=/dev/null", "--file=-"};
  Exit exit = run(server, options, program, [&] { return pieces.next(); });
  expect_success(exit, program[0], server.describe(options.database));
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

PostgresTools postgres_tools(PostgresServer& server, const PostgresOptions& options) {
  // Asked at once: an order to a container takes a tenth of a second, in which an application may be standing still.
  const Exit exit = run(server, options, {"sh", "-c", "pg_dump --version && pg_restore --version"});
  std::vector<std::string> versions = split(trim(exit.out), '\n');
  if (versions.front().empty()) versions.clear();
  if (exit.status != 0) expect_success(exit, versions.empty() ? "pg_dump" : "pg_restore", server.describe(options.database));
  versions.resize(2);
  return {major_version(versions[0]), major_version(versions[1])};
}

void expect_tools(const PostgresTools& tools, PostgresSession& session, const std::string& label) {
  const int needed = std::stoi(session.text("select current_setting('server_version_num')")) / 10000;
  for (const auto& [program, found] : {std::pair{"pg_dump", tools.dump}, {"pg_restore", tools.restore}})
    if (found < needed)
      throw Error(Code::unsupported,
                  label + " is of PostgreSQL " + std::to_string(needed) + ", " + program + " is of " + std::to_string(found),
                  "install the client programs of version " + std::to_string(needed) + ", such as with `apt install postgresql-client-" +
                      std::to_string(needed) + "`");
}

}  // namespace playbook
