#include "runtime/database/postgres_direct.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <thread>

#include "runtime/base/file.h"
#include "runtime/base/module.h"

namespace playbook {
namespace {

namespace fs = std::filesystem;

const PostgresModule& load() {
  using Entry = const PostgresModule& (*)();
  return reinterpret_cast<Entry>(
      load_module("libplaybook-postgres.so", kPostgresModuleSymbol, "a PostgreSQL server is reached through", "libpqxx-dev"))();
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
