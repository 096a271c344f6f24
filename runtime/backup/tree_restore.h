// Brings a stored tree back: made beside, compared, and put in the place of the present one in one instant (renameat2 with
// RENAME_EXCHANGE). The present one is kept beside as `<folder>.replaced-<set>`. What directories and volumes share.
//
//   .<folder>.restoring-<set>   is being made; removed by the next restore
//   .<folder>.restored-<set>    made and compared; after the exchange it is what was replaced, until it gets its name
#pragma once

#include <filesystem>

#include "runtime/backup/tree_archive.h"

namespace playbook {

/// Throws where the exchange could not be done: mount points, missing rights, somebody who works in it.
void check_tree_restore(const Stored& stored, const Tree& tree, Work& work);

/// Done twice it does nothing more. What is excluded stays, in the new tree. Gives `{kept=[path]}`. Instants: restore.decoded,
/// restore.ready, restore.swapped, restore.carried, restore.kept.
Json restore_tree(const Stored& stored, const Tree& tree, Work& work);

}  // namespace playbook
