#include "runtime/database/postgres_direct.h"

#include <dlfcn.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <thread>

#include "runtime/base/file.h"

namespace playbook {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLibrary = "libplaybook-postgres.so";

// Beside the program, or where an installation puts it.
void* load_library() {
  std::error_code ignored;
  fs::path folder = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  std::string problem;
  for (const fs::path& place : {folder, folder / "../lib/playbook", fs::path(PLAYBOOK_LIBRARY_FOLDER)}) {
    if (!fs::exists(place / kLibrary, ignored)) continue;
    if (void* library = dlopen((place / kLibrary).c_str(), RTLD_NOW | RTLD_LOCAL)) return library;
    problem = std::string(": ") + dlerror();
    break;
  }
  throw Error(Code::process_missing,
              std::string("a PostgreSQL server is reached through ") + kLibrary + ", which cannot be loaded" + problem,
              problem.empty() ? "it belongs to playbook and lies beside it; install playbook again"
                              : "`apt install libpqxx-dev` has what it needs");
}

const PostgresModule& load() {
  using Entry = const PostgresModule& (*)();
  void* library = load_library();
  auto entry = reinterpret_cast<Entry>(dlsym(library, kPostgresModuleSymbol));
  if (!entry)
    throw Error(Code::process_missing, std::string(kLibrary) + " is of another version than this program", "install playbook again");
  return entry();
}

class DirectSession final : public PostgresSession {
 public:
  DirectSession(std::unique_ptr<PostgresLink> link, std::string server, const CancelToken* cancel)
      : PostgresSession(std::move(server), cancel), link_(std::move(link)) {}

 private:
  std::variant<PostgresRows, PostgresFailure> ask(const std::string& sql) override {
    if (!cancel()) return link_->ask(sql);
    Descriptor done(eventfd(0, EFD_CLOEXEC));
    if (!done) throw system_error(errno, "cannot make an event descriptor");
    std::variant<PostgresRows, PostgresFailure> answer;
    std::thread asking([&] {
      answer = link_->ask(sql);
      std::uint64_t one = 1;
      (void)!write(done.get(), &one, sizeof one);
    });
    std::array<pollfd, 2> watched{pollfd{done.get(), POLLIN, 0}, {cancel()->fd(), POLLIN, 0}};
    while (poll(watched.data(), watched.size(), -1) < 0 && errno == EINTR) continue;
    // A cancel that comes before the statement has reached the server finds nothing to end, so it is sent until there is an answer.
    for (int ready = watched[0].revents; !ready;) {
      link_->cancel();
      ready = poll(watched.data(), 1, 200) > 0;
    }
    asking.join();
    return answer;
  }

  const std::unique_ptr<PostgresLink> link_;
};

}  // namespace

const PostgresModule& postgres_module() {
  static const PostgresModule& module = load();
  return module;
}

std::unique_ptr<PostgresSession> open_direct_postgres(const PostgresKeywords& keywords, std::string server,
                                                      const PostgresOptions& options) {
  auto link = postgres_module().connect(keywords);
  if (auto* failure = std::get_if<PostgresFailure>(&link)) throw postgres_error(*failure, server);
  auto session =
      std::make_unique<DirectSession>(std::move(std::get<std::unique_ptr<PostgresLink>>(link)), std::move(server), options.cancel);
  pin_session(*session, options);
  return session;
}

}  // namespace playbook
