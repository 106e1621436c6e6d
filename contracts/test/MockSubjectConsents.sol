// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IConsentUse} from "../interfaces/IConsentUse.sol";

/// @title Consents for tests: one use of each tag that was consented to
contract MockSubjectConsents is IConsentUse {
    error NoConsent(bytes32 subjectTag);

    mapping(bytes32 subjectTag => uint256) public consents;

    /// @notice Gives one consent for a tag.
    /// @param subjectTag The tag.
    function give(bytes32 subjectTag) external {
        ++consents[subjectTag];
    }

    /// @inheritdoc IConsentUse
    function consume(bytes32, uint256, uint256, bytes32, bytes32, bytes32 subjectTag, uint8) external {
        if (consents[subjectTag] == 0) revert NoConsent(subjectTag);
        --consents[subjectTag];
    }
}
