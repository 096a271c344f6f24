#include "tests/support/s3_server.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <regex>
#include <stdexcept>

#include "tests/support/compose_fixture.h"

namespace playbook::testing {

S3Server::S3Server() {
  const std::string program = PLAYBOOK_BINARY_DIR "/s3rver/node_modules/.bin/s3rver";
  if (!std::filesystem::exists(program)) throw std::runtime_error(program + " is missing; `./dev test` gets it");
  int said[2];
  if (::pipe(said) != 0) throw std::runtime_error("pipe");
  pid_ = ::fork();
  if (pid_ == 0) {
    ::dup2(said[1], 1);
    ::close(said[0]);
    ::execlp("node", "node", program.c_str(), "-d", folder_.path().c_str(), "-a", "127.0.0.1", "-p", "0", "--no-vhost-buckets",
             "--configure-bucket", "app", nullptr);
    ::_exit(127);
  }
  ::close(said[1]);
  out_ = Descriptor(said[0]);
  std::string text;
  char bytes[256];
  for (std::smatch found; !std::regex_search(text, found, std::regex("listening on 127\\.0\\.0\\.1:(\\d+)"));) {
    const ssize_t count = ::read(out_.get(), bytes, sizeof bytes);
    if (count <= 0) throw std::runtime_error("the S3 server does not start: " + text);
    text.append(bytes, static_cast<size_t>(count));
  }
  endpoint_ = "http://127.0.0.1:" +
              text.substr(text.rfind(':') + 1, text.find_first_not_of("0123456789", text.rfind(':') + 1) - text.rfind(':') - 1);
  drain_ = ::fork();  // it writes a line for each request
  if (drain_ == 0) {
    while (::read(out_.get(), bytes, sizeof bytes) > 0) {
    }
    ::_exit(0);
  }
}

S3Server::~S3Server() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  ::waitpid(drain_, nullptr, 0);
}

std::string S3Server::rclone(const std::string& words) const {
  return output_of(
      "env -u AWS_CA_BUNDLE RCLONE_TRANSFERS=1 RCLONE_CHECKERS=1 RCLONE_CONFIG=/dev/null RCLONE_CONFIG_T_TYPE=s3 "
      "RCLONE_CONFIG_T_PROVIDER=Other RCLONE_CONFIG_T_ACCESS_KEY_ID=S3RVER "
      "RCLONE_CONFIG_T_SECRET_ACCESS_KEY=S3RVER RCLONE_CONFIG_T_REGION=us-east-1 RCLONE_CONFIG_T_ENDPOINT=" +
      endpoint_ + " rclone " + words);
}

std::string S3Server::picture() const {
  return output_of("echo '" + rclone("lsjson --fast-list -R --hash --files-only t:app --exclude '/.*/**'") +
                   "' | python3 -c 'import json,sys\nfor o in sorted(json.load(sys.stdin), key=lambda o: o[\"Path\"]): "
                   "print(o[\"Path\"], o[\"Size\"], o[\"Hashes\"][\"md5\"], o[\"MimeType\"])'");
}

}  // namespace playbook::testing
