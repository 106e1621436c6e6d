// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title Civil days at UTC+8, counted from 1970-01-01
library CivilDays {
    uint256 internal constant FIRST_YEAR = 1970;

    uint256 private constant UTC8 = 8 hours;
    /// @dev Days of 400 years: after them the calendar repeats itself.
    uint256 private constant CYCLE_DAYS = 146_097;
    uint256 private constant CYCLE_YEARS = 400;
    /// @dev Leap years up to and with 1969.
    uint256 private constant LEAPS_BEFORE = 477;

    /// @dev The day of this block.
    function today() internal view returns (uint32) {
        return dayOf(block.timestamp);
    }

    /// @dev The day of a moment in seconds since 1970.
    function dayOf(uint256 time) internal pure returns (uint32) {
        return uint32((time + UTC8) / 1 days);
    }

    /// @dev The first of January of a year from 1970 on.
    function firstDayOf(uint256 year) internal pure returns (uint256) {
        uint256 last = year - 1;
        uint256 leaps = last / 4 - last / 100 + last / CYCLE_YEARS - LEAPS_BEFORE;
        return (year - FIRST_YEAR) * 365 + leaps;
    }

    /// @dev The year of a day, and that year's first day.
    function yearOf(uint256 day) internal pure returns (uint256 year, uint256 firstDay) {
        // By mean years, then by the year before or after: leap days are less than a year out of step.
        year = FIRST_YEAR + (day * CYCLE_YEARS) / CYCLE_DAYS;
        firstDay = firstDayOf(year);
        if (firstDay > day) {
            firstDay = firstDayOf(--year);
        } else {
            uint256 next = firstDayOf(year + 1);
            if (next <= day) (year, firstDay) = (year + 1, next);
        }
    }
}
