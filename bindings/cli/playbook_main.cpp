// The `playbook` command.
#include <sys/resource.h>

#include <iostream>

#include "bindings/cli/command_line.h"
#include "bindings/cli/installation.h"

int main(int argc, char** argv) {
  using namespace playbook;
  std::ios::sync_with_stdio(false);
  if (rlimit core{}; ::getrlimit(RLIMIT_CORE, &core) == 0) {  // no core files, of children neither: they would hold keys
    core.rlim_cur = 0;
    ::setrlimit(RLIMIT_CORE, &core);
  }
  const cli::Terminal terminal = cli::detect_terminal();
  const cli::CommandLineWorld world{std::cout, std::cerr, terminal, [](const cli::HostOptions& host) {
                                      return std::make_unique<Runtime>(cli::installation(cli::executable_folder(), host));
                                    }};
  return cli::run_command_line({argv + 1, argv + argc}, world);
}
