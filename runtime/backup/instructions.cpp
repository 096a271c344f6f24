#include "runtime/backup/instructions.h"

#include "runtime/backup/sealed.h"
#include "runtime/base/text.h"

namespace playbook {

std::string restore_instructions(const std::filesystem::path& set, const Manifest& manifest, const SourceRegistry& sources) {
  std::string what = manifest.application.empty() ? "Backup" : manifest.application;
  if (!manifest.version.empty()) what += " " + manifest.version;
  std::string text = "# " + what + ", " + manifest.created + "\n\n";
  text +=
      "How to bring this backup set back by hand. It takes standard tools alone: sh, sha256sum, zstd, tar, sqlite3, install. Do it as "
      "root, or "
      "as\n";
  text += "the owner of the files. The commands stop at the first error.\n\n";
  text += "1. **Stop the application**, and whatever else writes to the files below.\n";
  text += "2. Go to this folder and check that it is whole:\n\n```sh\ncd " + shell_quoted(set.string()) +
          "\numask 077\nsha256sum --quiet -c SHA256SUMS\n```\n\n";
  text += "   If the set was moved, use its present folder instead.\n";
  int step = 3;
  const bool sealed = !manifest.recipients.empty();
  if (sealed) text += std::to_string(step++) + ". " + unsealing_by_hand(manifest) + "\n";
  for (const StoredSource& source : manifest.sources)
    text += std::to_string(step++) + ". " + sources.at(source.type).instructions({set, manifest, source}) + "\n";
  if (sealed) text += std::to_string(step++) + ". Remove what was decrypted:\n\n```sh\ncd \"$set\"\nrm -rf \"$clear\"\n```\n\n";
  text += std::to_string(step) + ". **Start the application**";
  if (!manifest.version.empty()) text += ", in version " + manifest.version;
  text += ".\n\nWhat was replaced lies beside, with `.before-" + manifest.name + "` after its name. Remove it once all is well.\n";
  return text;
}

}  // namespace playbook
