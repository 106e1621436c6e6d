// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IConsortium} from "./interfaces/IConsortium.sol";
import {IWorkingCalendar} from "./interfaces/IWorkingCalendar.sol";
import {CivilDays} from "./lib/CivilDays.sol";

/// @title The calendar of working days
/// @notice See {IWorkingCalendar}.
contract WorkingCalendar is IWorkingCalendar {
    struct Bitmap {
        uint256 low;
        uint256 high;
    }

    uint16 private constant FIRST_YEAR = 1970;
    uint16 private constant LAST_YEAR = 2199;
    /// @dev China has about 250 working days a year: a bitmap far from that was read the wrong way round.
    uint256 private constant MIN_WORKING_DAYS = 200;
    uint256 private constant MAX_WORKING_DAYS = 300;
    uint16 private constant MAX_PERIOD = 250;
    uint256 private constant WORD_DAYS = 256;

    /// @notice Whose council decides.
    IConsortium public immutable consortium;

    mapping(uint256 year => Bitmap) private _years;

    /// @notice Binds the calendar to a consortium.
    /// @param consortium_ The consortium.
    constructor(IConsortium consortium_) {
        consortium = consortium_;
    }

    /// @inheritdoc IWorkingCalendar
    function setYear(uint16 year, uint256 low, uint256 high, bytes32 sourceHash) external {
        if (msg.sender != address(consortium)) revert NotCouncil(msg.sender);
        if (year < FIRST_YEAR || year > LAST_YEAR) revert InvalidYear(year);
        uint256 workingDays = _count(low) + _count(high);
        uint256 yearDays = CivilDays.firstDayOf(uint256(year) + 1) - CivilDays.firstDayOf(year);
        bool valid =
            high >> (yearDays - WORD_DAYS) == 0 &&
                workingDays >= MIN_WORKING_DAYS &&
                workingDays <= MAX_WORKING_DAYS;
        if (!valid) revert InvalidBitmap(year, workingDays);
        if (sourceHash == bytes32(0)) revert InvalidSource();
        _years[year] = Bitmap({low: low, high: high});
        emit YearSet(year, low, high, sourceHash);
    }

    /// @inheritdoc IWorkingCalendar
    function yearOf(uint16 year) external view returns (uint256 low, uint256 high) {
        Bitmap storage b = _years[year];
        return (b.low, b.high);
    }

    /// @inheritdoc IWorkingCalendar
    function isWorkingDay(uint32 day) external view returns (bool) {
        (uint256 year, uint256 firstDay) = CivilDays.yearOf(day);
        return _bit(_covered(day, year), day - firstDay);
    }

    /// @inheritdoc IWorkingCalendar
    function dueDay(uint32 fromDay, uint16 workingDays) external view returns (uint32) {
        if (workingDays == 0 || workingDays > MAX_PERIOD) revert InvalidWorkingDays(workingDays);
        uint256 day = fromDay;
        uint256 left = workingDays;
        // 0 days left of no year: the first step reads its year.
        uint256 next = 0;
        uint256 firstDay = 0;
        Bitmap memory bitmap;
        while (left > 0) {
            ++day;
            if (day >= next) {
                uint256 year;
                (year, firstDay) = CivilDays.yearOf(day);
                bitmap = _covered(day, year);
                next = CivilDays.firstDayOf(year + 1);
            }
            if (_bit(bitmap, day - firstDay)) --left;
        }
        // Below 2200-01-01, since every year that is covered is.
        return uint32(day);
    }

    /// @inheritdoc IWorkingCalendar
    function today() external view returns (uint32) {
        return CivilDays.today();
    }

    function _covered(uint256 day, uint256 year) private view returns (Bitmap memory bitmap) {
        bitmap = _years[year];
        // No year of at least 200 working days fits the 110 days of the upper word.
        if (bitmap.low == 0) {
            bool tooFar = day > type(uint32).max || year > type(uint16).max;
            revert DayNotCovered(
                day > type(uint32).max ? type(uint32).max : uint32(day),
                tooFar ? type(uint16).max : uint16(year)
            );
        }
    }

    function _bit(Bitmap memory bitmap, uint256 index) private pure returns (bool) {
        uint256 word = index < WORD_DAYS ? bitmap.low : bitmap.high;
        return (word >> (index % WORD_DAYS)) & 1 == 1;
    }

    function _count(uint256 word) private pure returns (uint256 bits) {
        while (word != 0) {
            word &= word - 1;
            ++bits;
        }
    }
}
