// Real child processes under a real guardian. Where something has to be gone, the test waits for the end of a FIFO that it held open.
#include "runtime/process/children.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/base/text.h"
#include "tests/support/catch.h"
#include "tests/support/primitive_fixture.h"
#include "tests/support/temp_folder.h"

using namespace playbook;
using namespace std::chrono_literals;
using playbook::testing::error_of;
using playbook::testing::TempFolder;

namespace {

std::unique_ptr<Children> children(int lock_fd = -1) { return make_children({PLAYBOOK_BINARY_DIR "/playbook-guardian", lock_fd}); }

Command shell(const std::string& script) {
  Command command;
  command.argv = {"sh", "-c", script};
  command.grace = 200ms;
  return command;
}

// A FIFO that processes hold open for writing: `read_all` returns when the last of them is gone.
class Fifo {
 public:
  explicit Fifo(std::filesystem::path path) : path_(std::move(path)) { REQUIRE(mkfifo(path_.c_str(), 0600) == 0); }
  std::string path() const { return path_.string(); }
  /// Blocks until a writer came.
  void open() { reader_.reset(::open(path_.c_str(), O_RDONLY | O_CLOEXEC)); }
  std::string read_line() {
    std::string line;
    for (char byte; read(reader_.get(), &byte, 1) == 1 && byte != '\n';) line += byte;
    return line;
  }
  bool at_end() {
    char byte;
    while (read(reader_.get(), &byte, 1) > 0) continue;
    return true;
  }

 private:
  std::filesystem::path path_;
  Descriptor reader_;
};

// A process of its own that plays the host, so that it can be killed.
template <typename Work>
pid_t forked_host(Work work) {
  pid_t pid = fork();
  if (pid != 0) return pid;
  try {
    work();
  } catch (...) {
  }
  _exit(0);
}

int take_lock(const std::string& path) {
  int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  return flock(fd, LOCK_EX) == 0 ? fd : -1;
}

}  // namespace

TEST_CASE("a child gives its status, its streams and its lines") {
  auto subject = children();
  std::vector<std::string> lines;
  Exit exit = subject->run(shell("echo one; echo two >&2; printf three; exit 7"), [&](Stream stream, std::string_view line) {
    lines.push_back((stream == Stream::out ? "out " : "err ") + std::string(line));
  });
  CHECK(exit.status == 7);
  CHECK(exit.signal == 0);
  CHECK(exit.out == "one\nthree");
  CHECK(exit.err == "two\n");
  std::sort(lines.begin(), lines.end());
  CHECK(lines == std::vector<std::string>{"err two", "out one", "out three"});
}

TEST_CASE("a child gets its folder, its environment beside the host's, and its input") {
  TempFolder folder;
  auto subject = children();
  Command command = shell("pwd; echo \"$GREETING\"; echo \"${PATH:+has PATH}\"; cat; cat /dev/stdin");
  command.folder = folder.path();
  command.environment["GREETING"] = "a b $c \"d\"";
  command.input = "given\n";
  Exit exit = subject->run(command);
  CHECK(exit.out == folder.path().string() + "\na b $c \"d\"\nhas PATH\ngiven\ngiven\n");
}

TEST_CASE("a child that never reads its large input does no harm") {
  Command command = shell("exit 0");
  command.input.assign(20 << 20, 'x');
  CHECK(children()->run(command).status == 0);
}

TEST_CASE("a child has no controlling terminal, a clean signal mask and no descriptor but the three") {
  Exit exit = children()->run(
      shell("ls /proc/self/fd | wc -l; grep -E '^Sig(Blk|Ign)' /proc/self/status | grep -o '.......$'; [ \"$(ps -o sid= -p $$ | tr -d "
            "' ')\" = $$ ] && echo leader"));
  CHECK(exit.out == "4\n0000000\n0000000\nleader\n");  // the fourth is the folder that ls reads
}

TEST_CASE("arguments larger than a socket message arrive whole") {
  Command command;
  command.argv = {"sh", "-c", "for a; do printf '%s\\n' \"${#a}\"; done", "sh"};
  for (int i = 0; i < 10; ++i) command.argv.push_back(std::string(100'000, 'a'));
  Exit exit = children()->run(command);
  CHECK(exit.out == "100000\n100000\n100000\n100000\n100000\n100000\n100000\n100000\n100000\n100000\n");
}

TEST_CASE("ten megabytes of output are kept up to the limit, the last bytes, and every line is seen") {
  Command command = shell("yes 123456789 | head -n 1048576; echo end");
  command.capture_limit = 4096;
  size_t lines = 0;
  Exit exit = children()->run(command, [&](Stream, std::string_view) { ++lines; });
  CHECK(lines == 1048577);
  CHECK(exit.out.size() == 4094);  // whole lines: half of one could be half of a secret
  CHECK(exit.out.substr(0, 10) == "123456789\n");
  CHECK(exit.out.substr(4094 - 14) == "123456789\nend\n");
}

TEST_CASE("output that is not UTF-8 and a line without end come as bytes") {
  size_t longest = 0;
  Exit exit = children()->run(shell("printf 'a\\377\\000b'; head -c 300000 /dev/zero | tr '\\0' x"),
                              [&](Stream, std::string_view line) { longest = std::max(longest, line.size()); });
  CHECK(exit.out.substr(0, 5) == std::string("a\xff\0bx", 5));
  CHECK(exit.out.size() == 300004);
  CHECK(longest <= 128 * 1024);
}

TEST_CASE("a line too long for one piece is cut between words") {
  size_t words = 0, cut = 0;
  children()->run(shell("yes correct-horse-battery-staple | head -n 10000 | tr '\\n' ' '"), [&](Stream, std::string_view piece) {
    for (size_t end; !piece.empty(); piece.remove_prefix(std::min(piece.size(), end + 1))) {
      end = std::min(piece.find(' '), piece.size());
      (piece.substr(0, end) == "correct-horse-battery-staple" ? words : cut)++;
    }
  });
  CHECK(words == 10000);
  CHECK(cut == 0);
}

TEST_CASE("a child that is killed from outside reports the signal") {
  Exit exit = children()->run(shell("kill -KILL $$"));
  CHECK(exit.signal == SIGKILL);
  CHECK(exit.status == 137);
  CHECK_FALSE(exit.timed_out);
}

TEST_CASE("a deadline ends the whole group, also one that ignores SIGTERM") {
  TempFolder folder;
  Fifo fifo(folder.path() / "held");
  Command command = shell("trap '' TERM; exec 3>" + fifo.path() + "; echo up >&3; sleep 1000 & sleep 1000");
  command.deadline = 300ms;
  std::thread reader([&] { fifo.open(); });
  Exit exit = children()->run(command);
  reader.join();
  CHECK(exit.timed_out);
  CHECK_FALSE(exit.cancelled);
  CHECK(exit.signal == SIGKILL);
  CHECK(exit.duration >= 500ms);
  CHECK(fifo.at_end());
}

TEST_CASE("a child that obeys SIGTERM is not killed") {
  Command command = shell("trap 'echo bye; exit 3' TERM; echo up; while :; do sleep 0.01; done");
  command.grace = 60s;
  CancelToken cancel;
  Exit exit = children()->run(
      command, [&](Stream, std::string_view line) { line == "up" ? cancel.request() : void(); }, &cancel);
  CHECK(exit.cancelled);
  CHECK(exit.out == "up\nbye\n");
  CHECK(exit.status == 3);
}

TEST_CASE("what is cancelled beforehand never starts") {
  TempFolder folder;
  CancelToken cancel;
  cancel.request();
  Exit exit = children()->run(shell("touch " + (folder.path() / "ran").string()), nullptr, &cancel);
  CHECK(exit.cancelled);
  CHECK_FALSE(std::filesystem::exists(folder.path() / "ran"));
}

TEST_CASE("what a leader leaves behind in its group is ended before run returns") {
  TempFolder folder;
  Fifo fifo(folder.path() / "held");
  std::thread reader([&] { fifo.open(); });
  Exit exit = children()->run(shell("exec 3>" + fifo.path() + "; (trap '' TERM; sleep 1000) & exit 4"));
  reader.join();
  CHECK(exit.status == 4);
  CHECK(exit.signal == 0);
  CHECK(fifo.at_end());
}

TEST_CASE("a daemon that is meant to stay survives its leader, the run and the guardian") {
  TempFolder folder;
  Fifo fifo(folder.path() / "held");
  Command command = shell("exec 3>" + fifo.path() + "; (trap '' TERM; echo $$ >&3; exec sleep 1000) & exit 0");
  command.leaves_daemon = true;
  std::thread reader([&] { fifo.open(); });
  auto subject = children();
  // The daemon holds the pipes of standard output and error, and run returns all the same.
  Exit exit = subject->run(command);
  reader.join();
  CHECK(exit.status == 0);
  CHECK(exit.duration < 10s);
  std::string group = fifo.read_line();
  subject.reset();
  CHECK(kill(-std::stoi(group), 0) == 0);
  kill(-std::stoi(group), SIGKILL);
  CHECK(fifo.at_end());
}

TEST_CASE("eight threads run children at once") {
  auto subject = children();
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 8; ++thread)
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 5; ++i) {
        std::string text = std::to_string(thread * 100 + i);
        right += subject->run(shell("sleep 0.01; echo " + text)).out == text + "\n";
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(right == 40);
}

TEST_CASE("several Children objects live side by side") {
  auto one = children(), two = children();
  CHECK(one->run(shell("echo $PPID")).out != two->run(shell("echo $PPID")).out);
}

TEST_CASE("a line sink that throws ends the child, and its error goes on") {
  auto subject = children();
  CHECK_THROWS_WITH(subject->run(shell("echo up; sleep 1000"), [](Stream, std::string_view) { throw std::runtime_error("sink"); }), "sink");
  CHECK(subject->run(shell("echo still here")).out == "still here\n");
}

TEST_CASE("a command that cannot run says why, before anything ran") {
  TempFolder folder;
  std::string base = folder.path().string();
  std::ofstream(base + "/plain") << "#!/bin/sh\n";
  std::ofstream(base + "/no-interpreter") << "#!/no/such/interpreter\n";
  std::ofstream(base + "/no-shebang") << "echo\n";
  std::filesystem::permissions(base + "/no-interpreter", std::filesystem::perms::owner_all);
  std::filesystem::permissions(base + "/no-shebang", std::filesystem::perms::owner_all);
  struct Case {
    std::vector<std::string> argv;
    std::string folder, code, message, hint;
  };
  const std::vector<Case> cases{
      {{}, "", "argument.invalid", "a command without a program: argv is empty", ""},
      {{"rclone"},
       "",
       "process.missing",
       "program rclone is not installed: no such file in PATH (relative:" + base + ")",
       "install it, on Debian with `apt install rclone`"},
      {{"frobnicate"},
       "",
       "process.missing",
       "program frobnicate is not installed: no such file in PATH (relative:" + base + ")",
       "install it, or give its full path"},
      {{"plain"},
       "",
       "process.missing",
       "program " + base + "/plain is not executable",
       "if it is meant to run, `chmod +x " + base + "/plain`"},
      {{base + "/nothing"},
       base,
       "process.missing",
       "program " + base + "/nothing does not exist",
       "check the path; a relative one is taken from " + base},
      {{base}, base, "process.missing", "program " + base + " does not exist", "check the path; a relative one is taken from " + base},
      {{"no-interpreter"},
       "",
       "process.missing",
       "cannot run no-interpreter: the interpreter that it names does not exist",
       "look at its first line"},
      {{"no-shebang"},
       "",
       "process.failed",
       "cannot run no-shebang: it is neither a program nor a script that names its interpreter",
       "give it a first line, such as #!/bin/sh"},
      {{"/bin/true"},
       base + "/gone",
       "file.missing",
       "cannot enter folder " + base + "/gone to run /bin/true: No such file or directory",
       ""},
      {{"/bin/true"}, base + "/plain", "file.missing", "cannot enter folder " + base + "/plain to run /bin/true: Not a directory", ""},
  };
  auto subject = children();
  for (const Case& expected : cases) {
    Command command;
    command.argv = expected.argv;
    command.folder = expected.folder;
    command.environment["PATH"] = "relative:" + base;
    Error error = error_of([&] { subject->run(command); });
    CHECK(std::string(to_string(error.code())) == expected.code);
    CHECK(error.message() == expected.message);
    CHECK(error.hint() == expected.hint);
  }
}

TEST_CASE("a folder that may not be entered is named") {
  if (getuid() != 0) return;  // needs a second user to be denied
  TempFolder folder;
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
  std::filesystem::create_directory(folder.path() / "closed");
  std::filesystem::permissions(folder.path() / "closed", std::filesystem::perms::none);
  int pipe_ends[2];
  REQUIRE(pipe(pipe_ends) == 0);
  pid_t host = forked_host([&] {
    if (setgid(65534) != 0 || setuid(65534) != 0) _exit(1);
    Command command = shell("true");
    command.folder = folder.path() / "closed";
    std::string text = error_of([&] { children()->run(command); }).to_json().dump();
    (void)!write(pipe_ends[1], text.data(), text.size());
  });
  waitpid(host, nullptr, 0);
  char text[1000];
  ssize_t length = read(pipe_ends[0], text, sizeof text);
  close(pipe_ends[0]);
  close(pipe_ends[1]);
  CHECK(Json::parse(std::string(text, static_cast<size_t>(std::max<ssize_t>(length, 0)))) ==
        Json{{"code", "file.denied"},
             {"message", "cannot enter folder " + (folder.path() / "closed").string() + " to run sh: Permission denied"}});
}

TEST_CASE("a guardian that is missing is named") {
  auto subject = make_children({"/no/such/playbook-guardian", -1});
  Error error = error_of([&] { subject->run(shell("true")); });
  CHECK(error.message() == "cannot start /no/such/playbook-guardian: No such file or directory");
  CHECK(error.hint() == "it belongs to playbook and lies beside it; install playbook again");
}

TEST_CASE("a guardian that is killed fails the call, takes the group along, and is replaced") {
  TempFolder folder;
  Fifo fifo(folder.path() / "held");
  auto subject = children();
  std::thread reader([&] { fifo.open(); });
  Error error =
      error_of([&] { subject->run(shell("trap '' TERM; exec 3>" + fifo.path() + "; sleep 1000 & kill -KILL $PPID; sleep 1000")); });
  reader.join();
  CHECK(error.code() == Code::process_lost);
  CHECK(error.message() == "the guardian died while sh ran, so what became of it is not known");
  CHECK(fifo.at_end());
  CHECK(subject->run(shell("echo again")).out == "again\n");
}

TEST_CASE("when the host is killed, the group ends and only then the run lock is free") {
  TempFolder folder;
  std::string lock = (folder.path() / "lock").string(), log = (folder.path() / "log").string();
  Fifo fifo(folder.path() / "held");
  // The leader ignores SIGTERM; a grandchild of its group notes it, and goes with SIGKILL too.
  pid_t host = forked_host([&] {
    int fd = take_lock(lock);
    children(fd)->run(
        shell("exec 3>" + fifo.path() + "; (trap 'echo termed >> " + log +
              "' TERM; echo up >&3; while :; do sleep 0.01; done) & trap '' TERM; echo up >&3; while :; do sleep 0.01; done"));
  });
  fifo.open();
  REQUIRE(fifo.read_line() == "up");
  REQUIRE(fifo.read_line() == "up");
  int probe = open(lock.c_str(), O_RDWR | O_CLOEXEC);
  REQUIRE(flock(probe, LOCK_EX | LOCK_NB) == -1);
  auto before = std::chrono::steady_clock::now();
  kill(host, SIGKILL);
  waitpid(host, nullptr, 0);
  CHECK(flock(probe, LOCK_EX | LOCK_NB) == -1);  // the group is still in its grace
  CHECK(flock(probe, LOCK_EX) == 0);             // waits for the guardian
  auto took = std::chrono::steady_clock::now() - before;
  CHECK(took >= 200ms);
  CHECK(took < 5s);
  CHECK(fifo.at_end());
  CHECK(read_file(log) == "termed\n");
  close(probe);
}

TEST_CASE("when the host is killed, a child may tidy up and say so") {
  TempFolder folder;
  std::string lock = (folder.path() / "lock").string(), tidied = (folder.path() / "tidied").string();
  Fifo fifo(folder.path() / "held");
  pid_t host = forked_host([&] {
    Command command = shell("exec 3>" + fifo.path() + "; trap 'yes | head -c 300000; echo bye >&2; touch " + tidied +
                            "; exit' TERM; echo up >&3; while :; do sleep 0.01; done");
    command.grace = 60s;
    children(take_lock(lock))->run(command);
  });
  fifo.open();
  REQUIRE(fifo.read_line() == "up");
  kill(host, SIGKILL);
  waitpid(host, nullptr, 0);
  int fd = take_lock(lock);
  CHECK(fd >= 0);
  close(fd);
  CHECK(std::filesystem::exists(tidied));
}

TEST_CASE("when the host is killed, a daemon that was left stays") {
  TempFolder folder;
  std::string lock = (folder.path() / "lock").string();
  Fifo daemon(folder.path() / "daemon"), work(folder.path() / "work");
  pid_t host = forked_host([&] {
    auto subject = children(take_lock(lock));
    Command start = shell("exec 3>" + daemon.path() + "; (echo $$ >&3; exec sleep 1000) & exit 0");
    start.leaves_daemon = true;
    subject->run(start);
    subject->run(shell("exec 3>" + work.path() + "; echo up >&3; sleep 1000"));
  });
  daemon.open();
  std::string group = daemon.read_line();
  work.open();
  REQUIRE(work.read_line() == "up");
  kill(host, SIGKILL);
  waitpid(host, nullptr, 0);
  int fd = take_lock(lock);
  CHECK(fd >= 0);
  close(fd);
  CHECK(work.at_end());
  CHECK(kill(-std::stoi(group), 0) == 0);
  kill(-std::stoi(group), SIGKILL);
  CHECK(daemon.at_end());
}

TEST_CASE("the lock is free as soon as the object has gone") {
  TempFolder folder;
  std::string lock = (folder.path() / "lock").string();
  int fd = take_lock(lock);
  auto subject = children(fd);
  CHECK(subject->run(shell("exit 0")).status == 0);
  subject.reset();
  close(fd);
  int probe = open(lock.c_str(), O_RDWR | O_CLOEXEC);
  CHECK(flock(probe, LOCK_EX | LOCK_NB) == 0);
  close(probe);
}

TEST_CASE("the guardian is of no use by hand, and says so") {
  Command command;
  command.argv = {PLAYBOOK_BINARY_DIR "/playbook-guardian"};
  Exit exit = children()->run(command);
  CHECK(exit.status == 2);
  CHECK(exit.err == "playbook-guardian is started by playbook, to look after the programs that a run starts; it is of no use by hand\n");
}

TEST_CASE("two hundred megabytes stream through a child, whole and in bounded memory") {
  constexpr size_t kPieces = 3200;
  const std::string piece(64 << 10, 'x');
  size_t given = 0, got = 0;
  rusage before{}, after{};
  getrusage(RUSAGE_SELF, &before);
  Command command;
  command.argv = {"cat"};
  command.feed = [&] { return given++ < kPieces ? std::string_view(piece) : std::string_view(); };
  command.output = [&](std::string_view bytes) { got += bytes.size(); };
  Exit exit = children()->run(command);
  getrusage(RUSAGE_SELF, &after);
  CHECK(exit.status == 0);
  CHECK(exit.out.empty());
  CHECK(got == kPieces * piece.size());
  CHECK(after.ru_maxrss - before.ru_maxrss < 20 << 10);  // KiB
}

TEST_CASE("raw output keeps every byte, and errors are still captured and cut into lines") {
  std::string raw;
  std::vector<std::string> lines;
  Command command = shell("printf 'a\\000b\\n\\377'; echo oops >&2");
  command.output = [&](std::string_view bytes) { raw += bytes; };
  Exit exit = children()->run(command, [&](Stream, std::string_view line) { lines.emplace_back(line); });
  CHECK(raw == std::string("a\0b\n\xff", 5));
  CHECK(exit.err == "oops\n");
  CHECK(lines == std::vector<std::string>{"oops"});
}

TEST_CASE("a child that stops reading is asked for no more, and its end is its own") {
  size_t asked = 0;
  const std::string piece(64 << 10, 'x');
  Command command = shell("head -c 100 >/dev/null; exec <&-; sleep 0.2; exit 5");
  command.feed = [&] { return ++asked, std::string_view(piece); };
  CHECK(children()->run(command).status == 5);
  CHECK(asked < 100);
}

TEST_CASE("a fed child that reads nothing can be cancelled and meets its deadline") {
  const std::string piece(64 << 10, 'x');
  Command command = shell("echo up; exec sleep 1000");
  command.feed = [&] { return std::string_view(piece); };
  CancelToken cancel;
  command.output = [&](std::string_view) { cancel.request(); };
  CHECK(children()->run(command, nullptr, &cancel).cancelled);
  command.output = nullptr;
  command.deadline = 200ms;
  CHECK(children()->run(command).timed_out);
}

TEST_CASE("a source that throws ends the child, which never sees an end of its input") {
  TempFolder folder;
  auto subject = children();
  Command command = shell("cat >/dev/null; touch " + (folder.path() / "whole").string());
  int calls = 0;
  command.feed = [&]() -> std::string_view {
    if (++calls > 3) throw std::runtime_error("source");
    return "some";
  };
  CHECK_THROWS_WITH(subject->run(command), "source");
  CHECK_FALSE(std::filesystem::exists(folder.path() / "whole"));
  CHECK(subject->run(shell("echo still here")).out == "still here\n");
}

TEST_CASE("a raw sink that throws is called no more, and its error goes on") {
  int calls = 0;
  Command command = shell("trap '' TERM; yes");
  command.output = [&](std::string_view) {
    ++calls;
    throw std::runtime_error("sink");
  };
  CHECK_THROWS_WITH(children()->run(command), "sink");
  CHECK(calls == 1);
}

TEST_CASE("a descriptor of the host's can be a child's input") {
  TempFolder folder;
  Descriptor file(open(folder.write("text", "from a file\n").c_str(), O_RDONLY | O_CLOEXEC));
  Command command;
  command.argv = {"cat"};
  command.input_fd = file.get();
  CHECK(children()->run(command).out == "from a file\n");
  CHECK(fcntl(file.get(), F_GETFD) == FD_CLOEXEC);  // borrowed
}
