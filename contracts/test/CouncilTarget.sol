// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {IConsortium} from "../interfaces/IConsortium.sol";

/// @title What a council proposal may call, for tests: counts, fails, or tries to have itself executed again
contract CouncilTarget {
    error Refused(uint256 number);

    uint256 public calls;

    /// @notice Counts.
    function poke() external {
        ++calls;
    }

    /// @notice Fails with an operand.
    /// @param number The operand.
    function fail(uint256 number) external pure {
        revert Refused(number);
    }

    /// @notice Approves a proposal while it is being executed; this contract must hold a seat.
    /// @param consortium The consortium.
    /// @param id The proposal.
    function approveAgain(IConsortium consortium, uint256 id) external {
        ++calls;
        consortium.approve(id);
    }

    /// @notice Makes any call as this contract.
    /// @param target Whom.
    /// @param data What.
    function run(address target, bytes calldata data) external returns (bytes memory) {
        return Address.functionCall(target, data);
    }
}
