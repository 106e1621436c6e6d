// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";

/// @title Values that hold from a block on
/// @dev A scheduled change replaces every scheduled change that has not come into effect; what has come into effect is
/// never touched.
library AddressHistory {
    using Checkpoints for Checkpoints.Trace160;

    /// @dev Sets `value` from `fromBlock` on. `fromBlock` must be later than the current block unless the history is
    /// empty; the caller checks that.
    function set(Checkpoints.Trace160 storage history, uint256 fromBlock, uint160 value) internal {
        Checkpoints.Checkpoint160[] storage points = history._checkpoints;
        while (points.length > 0 && points[points.length - 1]._key > block.number) points.pop();
        history.push(uint96(fromBlock), value);
    }

    /// @dev The value in a block; 0 before the first.
    function valueAt(
        Checkpoints.Trace160 storage history,
        uint256 blockNumber
    ) internal view returns (uint160) {
        return
            history.upperLookupRecent(
                blockNumber > type(uint96).max ? type(uint96).max : uint96(blockNumber)
            );
    }
}
