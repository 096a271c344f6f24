// The `playbook` command.
#include <iostream>

#include "bindings/cli/command_line.h"
#include "bindings/cli/installation.h"

int main(int argc, char** argv) {
  using namespace playbook;
  std::ios::sync_with_stdio(false);
  const cli::Terminal terminal = cli::detect_terminal();
  const cli::CommandLineWorld world{std::cout, std::cerr, terminal, [](const cli::HostOptions& host) {
                                      return std::make_unique<Runtime>(cli::installation(cli::executable_folder(), host));
                                    }};
  return cli::run_command_line({argv + 1, argv + argc}, world);
}
