#include "tests/support/redis_image.h"

#include <cstdlib>
#include <stdexcept>

#include "tests/support/temp_folder.h"

namespace playbook::testing {

std::string redis_image() {
  const std::string image = std::string("'") + std::getenv("PLAYBOOK_TESTBED") + "/image'";
  const std::string registry = std::getenv("PLAYBOOK_TEST_REGISTRY");
  TempFolder folder;
  folder.write("Dockerfile", "FROM " + registry + "/shell:1\nCOPY rootfs /\nWORKDIR /data\n" +
                                 "CMD [\"redis-server\", \"--repl-diskless-sync-delay\", \"0\"]\n");
  const std::string programs = " /usr/bin/redis-server /usr/bin/redis-cli /usr/bin/redis-check-rdb /usr/bin/sha256sum /usr/bin/sync";
  const std::string command = image + " shell >/dev/null && " + image + " build redis:1 " + folder.path().string() + programs;
  if (std::system((command + " >/dev/null").c_str()) != 0) throw std::runtime_error("the image of Redis cannot be built");
  return registry + "/redis:1";
}

}  // namespace playbook::testing
