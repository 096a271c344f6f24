// scratch.copy: an application's folder once more, in the run's scratch, where a new release may be tried on it: its SQLite databases are
// copied as one consistent state while the application goes on, and no link leads from the copy to what it was copied from.
#include <algorithm>

#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/database/sqlite.h"
#include "runtime/engine/context.h"
#include "runtime/engine/primitive.h"
#include "runtime/pin/csproj.h"
#include "runtime/primitives/csproj.h"

namespace playbook {
namespace fs = std::filesystem;
namespace {

bool leads_outside(const fs::path& relative) { return relative.is_absolute() || relative.empty() || *relative.begin() == ".."; }

/// A path of an argument that must stay in the copy.
fs::path inside(const Json& path) {
  const fs::path normal = fs::path(path.get<std::string>()).lexically_normal();
  if (leads_outside(normal))
    throw Error(Code::argument_invalid, "scratch.copy: " + path.get<std::string>() + " is not a path inside the copy");
  return normal;
}

std::string text_of(const Json& item, const char* name) {
  const std::string text = get_or<std::string>(item, name, "");
  if (text.empty()) throw Error(Code::argument_invalid, std::string("scratch.copy: ") + name + " is missing in " + canonical(item));
  return text;
}

class TreeCopy {
 public:
  TreeCopy(Context& context, fs::path from, fs::path to) : context_(context), from_(std::move(from)), to_(std::move(to)) {}

  void leave_out(const fs::path& path) { left_out_.push_back(path.lexically_normal()); }

  void run() {
    fs::create_directories(to_);
    std::error_code error;
    for (fs::recursive_directory_iterator entry(from_, error), end; !error && entry != end; entry.increment(error)) {
      context_.cancel().check();
      const fs::path relative = entry->path().lexically_relative(from_);
      if (std::find(left_out_.begin(), left_out_.end(), relative) != left_out_.end()) {
        entry.disable_recursion_pending();
      } else {
        take(*entry, relative);
      }
    }
    if (error) throw system_error(error.value(), "cannot copy " + from_.string());
  }

 private:
  // Sockets and other things that are no content stay behind; so does a file that goes while it is looked at.
  void take(const fs::directory_entry& entry, const fs::path& relative) {
    std::error_code error;
    const fs::path to = to_ / relative;
    const fs::file_type type = entry.symlink_status(error).type();
    if (type == fs::file_type::directory) {
      fs::create_directory(to, entry.path(), error);
    } else if (type == fs::file_type::regular) {
      fs::copy_file(entry.path(), to, error);
      bytes_ += error ? 0 : entry.file_size();
      context_.progress(bytes_);
    } else if (type == fs::file_type::symlink) {
      const fs::path target = fs::read_symlink(entry.path(), error);
      if (target.is_absolute() || leads_outside((relative.parent_path() / target).lexically_normal()))
        context_.log(LogLevel::warning, "left out of the copy, for it leads out of it: " + relative.string() + " -> " + target.string());
      else
        fs::create_symlink(target, to, error);
    }
    if (error && error != std::errc::no_such_file_or_directory) throw system_error(error.value(), "cannot copy " + entry.path().string());
  }

  Context& context_;
  const fs::path from_, to_;
  std::vector<fs::path> left_out_;
  std::uint64_t bytes_ = 0;
};

class ScratchCopy : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json run(Context& context, const Json& args, const Json&) override {
    const fs::path from = context.resolve(args.at("folder").get<std::string>()).lexically_normal(), to = place(context, args);
    fs::remove_all(to);  // what an attempt left that did not live
    make_folder(to.parent_path());
    TreeCopy tree(context, from, to);
    tree.leave_out(context.environment().state_folder.lexically_relative(from));
    for (const Json all = get_or<Json>(args, "except", Json::array()); const Json& path : all) tree.leave_out(inside(path));
    context.reach("scratch.copy.before");
    tree.run();
    for (const Json all = get_or<Json>(args, "files", Json::array()); const Json& one : all)
      fs::copy_file(context.resolve(text_of(one, "from")), to / inside(text_of(one, "to")), fs::copy_options::overwrite_existing);
    for (const Json all = get_or<Json>(args, "databases", Json::array()); const Json& one : all) copy_database(context, one, to);
    for (const Json all = get_or<Json>(args, "projects", Json::array()); const Json& one : all) edit(one, to);
    context.reach("scratch.copy.done");
    return to.string();
  }

  Planned plan(Context& context, const Json& args) override {
    const std::string to = place(context, args).string();
    return {.text = "copy " + context.resolve(args.at("folder")).string() + " into scratch", .diff = "", .predicted = true, .result = to};
  }

  Undo undo_kind(const Json&) const override { return Undo::inverse; }
  void undo(Context& context, const Record& record) override { fs::remove_all(place(context, record.args)); }
  Probe probe(Context&, const Record&) override { return {Probe::State::not_done, nullptr, "", false}; }
  bool repeatable() const override { return true; }
  std::vector<std::string> touches(Context& context, const Json& args) const override { return {"file:" + place(context, args).string()}; }

 private:
  static fs::path place(Context& context, const Json& args) {
    return context.environment().run_folder / "scratch" / inside(args.at("name"));
  }

  static void copy_database(Context& context, const Json& one, const fs::path& to) {
    const fs::path copy = to / inside(text_of(one, "to"));
    fs::create_directories(copy.parent_path());
    Sqlite(context.resolve(text_of(one, "from")), Sqlite::Mode::read, {std::chrono::milliseconds(5000), &context.cancel()})
        .copy_to(copy, [&](std::uint64_t done, std::uint64_t total) { context.progress(done, total); });
    if (const std::string sql = get_or<std::string>(one, "sql", ""); !sql.empty()) Sqlite(copy, Sqlite::Mode::write).script(sql);
  }

  static void edit(const Json& one, const fs::path& to) {
    const fs::path file = to / inside(text_of(one, "file"));
    const CsprojChoice choice = csproj_choice_from(one);
    Csproj project = Csproj::parse(read_file(file), file.string());
    project.set(choice.what, choice.name, text_of(one, "value"));
    replace_file(file, project.text());
  }

  const Declaration declaration_{
      .name = "scratch.copy",
      .kind = Kind::change,
      .summary =
          "Copies a folder into the run's scratch, where a new release can be tried on it. It is gone when the run is undone; remove "
          "it where it is needed no more.",
      .parameters = {{.name = "folder", .type = Type::path, .help = "below the instance or absolute", .required = true},
                     {.name = "name", .type = Type::string, .help = "of the copy", .fallback = "copy"},
                     {.name = "except", .type = Type::strings, .help = "paths in the folder that are left out; the state folder always is"},
                     {.name = "files", .type = Type::list, .help = "{from=, to=}: files that are put over those of the folder"},
                     {.name = "databases",
                      .type = Type::list,
                      .help =
                          "{from=, to=, sql=?}: SQLite databases, where each goes in the copy, and statements that are run on the copy"},
                     {.name = "projects",
                      .type = Type::list,
                      .help = "{file=, package= or property=, value=}: what changes in MSBuild files of the copy"}},
      .returns = "string",
      .returns_help = "the folder of the copy",
      .errors = {"argument.invalid", "file.missing", "file.denied", "file.failed", "sqlite.failed", "sqlite.locked", "disk.full",
                 "cancelled"},
      .example = "scratch.copy(\".\", { except = { \"media\" } }) --> \"/srv/site/.playbook/runs/7/scratch/copy\"",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_scratch_copy() { return std::make_unique<ScratchCopy>(); }

}  // namespace playbook
