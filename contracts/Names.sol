// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title Names under which the council puts contracts in force
library Names {
    bytes32 internal constant CREDIT_REGISTERS = keccak256("CreditRegisters");
    bytes32 internal constant APPLICATION_LIST = keccak256("ApplicationList");
    bytes32 internal constant SHARING_GRANTS = keccak256("SharingGrants");
    bytes32 internal constant ANSWER_LOG = keccak256("AnswerLog");
    bytes32 internal constant SUBJECT_CONSENTS = keccak256("SubjectConsents");
    bytes32 internal constant WORKING_CALENDAR = keccak256("WorkingCalendar");
    bytes32 internal constant COMMITMENT_ITEMS = keccak256("CommitmentItems");
    bytes32 internal constant COMMITMENT_LETTERS = keccak256("CommitmentLetters");
    bytes32 internal constant INCOMPLETE_FILINGS = keccak256("IncompleteFilings");
    bytes32 internal constant CREDIT_CASES = keccak256("CreditCases");
    bytes32 internal constant VOLUNTARY_PLEDGES = keccak256("VoluntaryPledges");
}
