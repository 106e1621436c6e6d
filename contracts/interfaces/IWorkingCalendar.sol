// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title The calendar of working days (工作日历)
/// @notice One bitmap a year, set by the council from the State Council's notice on holidays: make-up working days at
/// weekends and holidays on weekdays cannot be computed. A year without a bitmap has no due days: whatever needs one is
/// refused rather than guessed. Days are civil days at UTC+8, counted from 1970-01-01.
interface IWorkingCalendar {
    /// @dev Bit i of `low` is the day i of the year (0 = 1 January), bit i of `high` the day 256 + i.
    event YearSet(uint16 indexed year, uint256 low, uint256 high, bytes32 sourceHash);

    error NotCouncil(address caller);
    error InvalidYear(uint16 year);
    /// @dev A day beyond the year's end is set, or the working days are fewer than 200 or more than 300.
    error InvalidBitmap(uint16 year, uint256 workingDays);
    error InvalidSource();
    /// @dev `year` is 65535 for every year that is later.
    error DayNotCovered(uint32 day, uint16 year);
    error InvalidWorkingDays(uint16 workingDays);

    /// @notice Sets the working days of a year, or replaces them; due days that were given stay. Council only.
    /// @param year 1970 to 2199.
    /// @param low Days 0 to 255 of the year.
    /// @param high Days 256 to 365.
    /// @param sourceHash Hash of the notice that it follows.
    function setYear(uint16 year, uint256 low, uint256 high, bytes32 sourceHash) external;

    /// @notice The bitmap of a year; (0, 0) when there is none.
    /// @param year The year.
    function yearOf(uint16 year) external view returns (uint256 low, uint256 high);

    /// @notice Whether a day is a working day; reverts with `DayNotCovered` when its year has no bitmap.
    /// @param day The day.
    function isWorkingDay(uint32 day) external view returns (bool);

    /// @notice The last day of a period of working days. The first day is not counted (行政处罚法, 民法典).
    /// @dev Every day that is counted, up to the due day, must be covered; the first day need not be.
    /// @param fromDay The day on which the period begins; need not be a working day.
    /// @param workingDays 1 to 250.
    /// @return day The due day, itself a working day.
    function dueDay(uint32 fromDay, uint16 workingDays) external view returns (uint32 day);

    /// @notice The civil day at UTC+8 of this block.
    function today() external view returns (uint32 day);
}
