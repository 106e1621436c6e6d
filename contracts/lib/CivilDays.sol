// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title Civil days at UTC+8, counted from 1970-01-01
library CivilDays {
    uint256 private constant OFFSET = 8 hours;

    /// @dev The day of this block.
    function today() internal view returns (uint32) {
        return uint32((block.timestamp + OFFSET) / 1 days);
    }
}
