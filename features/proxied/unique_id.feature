Feature: Unique ids as identities
  With ProxyAuth.UniqueIdHeader, the proxy identifies a user by a unique id that does not change. The user
  keeps the same account when the username changes.

  Background:
    Given a server configured with:
      | ProxyAuth.UniqueIdHeader | X-Auth-Uniqueid |
      | ProxyAuth.UsernameHeader | X-Auth-Username |

  Rule: With UniqueIdHeader, the unique id identifies the user

    @PA-149 @PA-150
    Scenario: A user whose username changes at the proxy keeps the account, which gets the new username
      Given "alice" has signed in
      And "alice" has the username "alison" at the proxy
      When "alice" signs in again
      Then "alice" has the same account as before (PA-150)
      And the username of "alice" is "alison" (PA-149)

    @PA-150
    Scenario: Two users with different unique ids have different accounts
      When "alice" signs in
      And "bob" signs in
      Then "bob" has another account than "alice"

    @PA-151 @direct
    Scenario: With UniqueIdHeader, a sign-in with a username alone is refused
      Given "alice" has signed in
      When "alice" signs in with her username alone
      Then the request is refused

  Rule: Users with different unique ids can have the same username

    @PA-155
    Scenario: Two users with the same username and different unique ids have two accounts
      Given "alice" has the username "sam" at the proxy
      And "bob" has the username "sam" at the proxy
      When "alice" signs in
      And "bob" signs in
      Then "bob" has another account than "alice"
      And two accounts have the username of "alice"

  Rule: The API creates accounts with a unique id

    @PA-158
    Scenario: An API request with a unique id creates one account with the given username
      When the administrator creates an account for "alice" with the unique id "id-alice"
      Then the username of "alice" is "alice"
      And one account has the username of "alice"
      When "alice" signs in
      Then "alice" has the same account as before

    @PA-110 @PA-160
    Scenario: A user signs in to the account created with their unique id although the username differs
      Given the administrator has created an account for "alice" with the unique id "id-alice"
      And "alice" has the username "alison" at the proxy
      When "alice" signs in
      Then "alice" has the same account as before (PA-160)
      When "bob" signs in
      Then "bob" has another account than "alice" (PA-110)

    @PA-110
    Scenario: With UniqueIdHeader, an equal username does not open another user's account
      Given the administrator has created an account for "alice" with the unique id "id-alice"
      And "bob" has the username "alice" at the proxy
      When "bob" signs in
      Then the username of "bob" is "alice"
      And "bob" has another account than "alice"

    @PA-162
    Scenario: An account created with a unique id can be read and changed by its guid
      Given the administrator has created an account for "alice" with the unique id "id-alice"
      Then the account of "alice" is found by its guid
      When the administrator changes the email of "alice" to "alice@example.org"
      Then the email of "alice" is "alice@example.org"
      When the administrator changes the role of "alice" to "publisher"
      Then the role of "alice" is "publisher"

  Rule: Other users cannot read a unique id

    @SEC-036
    Scenario: A user who reads the account of another user does not see the unique id
      Given "bob" has signed in
      When "alice" reads the account of "bob"
      Then no reply holds the unique id of "bob"
