#include "runtime/database/postgres_psql.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <mutex>
#include <thread>

#include "runtime/base/file.h"
#include "runtime/base/text.h"

namespace playbook {
namespace {

std::string random_word() {
  std::array<unsigned char, 16> bytes{};
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) throw system_error(errno, "cannot get random bytes");
  std::string word;
  for (unsigned char byte : bytes) word += "0123456789abcdef"[byte >> 4], word += "0123456789abcdef"[byte & 15];
  return word;
}

// What psql writes for a statement: fields end with NUL, which no value holds; records, nulls and the end are told by a random word.
//
//   a NUL b <word>R c NUL <word>N \n <word>E false 00000 \n <word>Z \n          rows (a, b) and (c, null)
//   <word>E true 42P01 \n relation "x" does not exist \n <word>Z \n             a failure
class Framing {
 public:
  std::vector<std::string> options() const {
    return {"-X",
            "-q",
            "-A",
            "-t",
            "-w",
            "-v",
            "VERBOSITY=terse",
            "-P",
            "pager=off",
            "-P",
            "fieldsep_zero=on",
            "-P",
            "recordsep=" + record_,
            "-P",
            "null=" + null_};
  }
  std::string ask(const std::string& sql) const {
    return sql + "\n;\n\\echo " + end_ + " :ERROR :SQLSTATE\n\\if :ERROR\n\\echo :LAST_ERROR_MESSAGE\n\\endif\n\\echo " + last_ + "\n";
  }
  bool is_whole(std::string_view heard) const { return heard.ends_with(last_ + "\n"); }

  std::variant<PostgresRows, PostgresFailure> answer(std::string_view heard) const {
    size_t end = heard.rfind(end_);
    std::string_view rows = heard.substr(0, end), verdict = heard.substr(end + end_.size() + 1);
    verdict.remove_suffix(last_.size() + 1);
    size_t line = verdict.find('\n');
    std::vector<std::string> words = split(verdict.substr(0, line), ' ');
    if (words.at(0) == "false") return rows_of(rows);
    if (words[0] != "true")
      return PostgresFailure{"", "this psql is too old: it knows no :ERROR; one of PostgreSQL 11 or newer is needed", true};
    return PostgresFailure{words.at(1), std::string(trim(verdict.substr(line + 1))), false};
  }

 private:
  PostgresRows rows_of(std::string_view text) const {
    PostgresRows rows;
    if (text.empty()) return rows;
    text.remove_suffix(1);  // the line end after the last record
    for (size_t at = 0; at != std::string_view::npos;) {
      size_t end = text.find(record_, at);
      PostgresRow& row = rows.emplace_back();
      for (std::string& field : split(text.substr(at, end - at), '\0'))
        row.push_back(field == null_ ? std::nullopt : std::optional(std::move(field)));
      at = end == std::string_view::npos ? end : end + record_.size();
    }
    return rows;
  }

  const std::string word_ = random_word(), record_ = word_ + "R", null_ = word_ + "N", end_ = word_ + "E", last_ = word_ + "Z";
};

// The process, on a thread of its own, and what it has said.
class PsqlProcess {
 public:
  PsqlProcess(Place& place, Command command) : wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    int ends[2];
    if (!wake_ || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) throw system_error(errno, "cannot make a socket for psql");
    input_.reset(ends[0]);
    theirs_.reset(ends[1]);
    command.input_fd = theirs_.get();
    command.output = [this](std::string_view bytes) { hear(bytes); };
    thread_ = std::thread([this, &place, command = std::move(command)] { run(place, command); });
  }

  ~PsqlProcess() {
    if (busy_) stop_.request();  // else the end of its input is enough
    input_.reset();
    thread_.join();
  }

  /// False when the psql has ended, or was asked to because of `cancel`.
  bool exchange(const std::string& text, const CancelToken* cancel, const Framing& framing, std::string& answer) {
    busy_ = true;
    for (std::string_view rest = text; !rest.empty();) {
      ssize_t sent = send(input_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0) break;  // it has ended; the loop below hears its last words
      rest.remove_prefix(static_cast<size_t>(sent));
    }
    while (!take(framing, answer)) {
      if (ended()) return false;
      std::array<pollfd, 2> watched{pollfd{wake_.get(), POLLIN, 0}, {cancel ? cancel->fd() : -1, POLLIN, 0}};
      if (poll(watched.data(), watched.size(), -1) < 0 && errno != EINTR) throw system_error(errno, "cannot wait for psql");
      std::uint64_t count;
      (void)!read(wake_.get(), &count, sizeof count);
      if (cancel && cancel->requested()) return stop_.request(), false;
    }
    busy_ = false;
    return true;
  }

  /// How it ended; waits for that.
  Exit end() {
    input_.reset();
    if (thread_.joinable()) thread_.join();
    thread_ = std::thread([] {});
    if (error_) std::rethrow_exception(error_);
    return exit_;
  }

 private:
  void run(Place& place, const Command& command) {
    try {
      exit_ = place.run(command, nullptr, &stop_);
    } catch (...) {
      error_ = std::current_exception();
    }
    theirs_.reset();
    std::lock_guard hold(mutex_);
    ended_ = true;
    wake();
  }
  void hear(std::string_view bytes) {
    std::lock_guard hold(mutex_);
    heard_ += bytes;
    wake();
  }
  void wake() {
    std::uint64_t one = 1;
    (void)!write(wake_.get(), &one, sizeof one);
  }
  bool take(const Framing& framing, std::string& answer) {
    std::lock_guard hold(mutex_);
    if (!framing.is_whole(heard_)) return false;
    answer = std::exchange(heard_, {});
    return true;
  }
  bool ended() {
    std::lock_guard hold(mutex_);
    return ended_;
  }

  Descriptor wake_, input_, theirs_;
  CancelToken stop_;
  std::mutex mutex_;
  std::string heard_;
  bool ended_ = false, busy_ = false;
  Exit exit_;
  std::exception_ptr error_;
  std::thread thread_;
};

class PsqlSession final : public PostgresSession {
 public:
  PsqlSession(Place& place, Command psql, std::string server, const CancelToken* cancel)
      : PostgresSession(std::move(server), cancel), process_(place, with_options(std::move(psql), framing_)) {}

 private:
  static Command with_options(Command psql, const Framing& framing) {
    for (std::string& option : framing.options()) psql.argv.push_back(std::move(option));
    return psql;
  }

  std::variant<PostgresRows, PostgresFailure> ask(const std::string& sql) override {
    std::string heard;
    if (!gone_ && process_.exchange(framing_.ask(sql), cancel(), framing_, heard)) return framing_.answer(heard);
    if (!std::exchange(gone_, true)) {
      Exit exit = process_.end();
      last_words_ = exit.status == 127 ? "there is no psql" : std::string(trim(exit.err));
    }
    return PostgresFailure{"", last_words_, true};
  }

  const Framing framing_;
  PsqlProcess process_;
  bool gone_ = false;
  std::string last_words_;
};

}  // namespace

std::unique_ptr<PostgresSession> open_psql(Place& place, Command psql, std::string server, const PostgresOptions& options) {
  auto session = std::make_unique<PsqlSession>(place, std::move(psql), std::move(server), options.cancel);
  pin_session(*session, options);
  return session;
}

}  // namespace playbook
